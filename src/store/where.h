// Conditions of a query with their values, joined by AND. Texts of conditions are literals of this folder; values are bound.
#pragma once

#include "store/database.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::store {

class Where {
public:
    // Nothing where the value is empty: any.
    void equals(const char* column, std::string_view value) {
        if (!value.empty()) holds(std::string(column) + " = ?", value);
    }
    void holds(const std::string& condition, std::string_view value) { // with one '?'
        add(condition);
        texts_.emplace_back(++count_, value);
    }
    void compare(const std::string& condition, std::int64_t value) {
        add(condition);
        numbers_.emplace_back(++count_, value);
    }
    void add(const std::string& condition) { sql_ += (sql_.empty() ? " WHERE " : " AND ") + condition; }

    const std::string& sql() const { return sql_; }
    // The values, whose texts must live until then, behind as many parameters as come before; further ones begin at before + count() + 1.
    void bind(Statement& statement, int before = 0) const {
        for (const auto& [i, text] : texts_) statement.bind(before + i, text);
        for (const auto& [i, number] : numbers_) statement.bind(before + i, number);
    }
    int count() const { return count_; }

private:
    std::string sql_;
    int count_ = 0;
    std::vector<std::pair<int, std::string_view>> texts_;
    std::vector<std::pair<int, std::int64_t>> numbers_;
};

} // namespace sallyport::store
