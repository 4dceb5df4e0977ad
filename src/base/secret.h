// A string that must never be shown: no formatter, no comparison operator, no stream; wiped when it goes.
// Whoever needs the bytes says so with reveal(), which is easy to search for.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace sallyport {

class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
    Secret& operator=(Secret other) noexcept {
        value_.swap(other.value_);
        return *this;
    }
    ~Secret() { wipe(); }

    std::string_view reveal() const { return value_; }
    bool empty() const { return value_.empty(); }

private:
    void wipe() {
        volatile char* bytes = value_.data();
        for (std::size_t i = 0; i < value_.size(); ++i) bytes[i] = 0;
        value_.clear();
    }
    std::string value_;
};

} // namespace sallyport
