// What a client names: hosts, variables of the environment, kits of telemetry, ways to update itself, switches of permissions and sandboxes,
// paths, commands, flags. It says what is there, not what is used. One thread.
#pragma once

#include "lab/finding.h"
#include "lab/literals.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sallyport::lab {

class Inventory {
public:
    void at(std::string file, std::string part, std::uint64_t base) {
        place_ = {std::move(file), std::move(part), base};
    }
    // A literal of source code, without its escapes.
    void see_literal(std::string_view text, const Literal& literal, std::string_view value);
    // Text of any kind: URLs, and what is read from the environment by name.
    void see_text(std::string_view text);
    // Sorted by subject and name; limits::client_names_max of each subject.
    std::vector<Name> take();
    std::uint64_t left_out() const { return left_out_; }

private:
    void add(Subject subject, std::string_view name, std::size_t offset, std::string_view example = {});
    void see_url(std::string_view text, std::size_t colon);
    void see_dot(std::string_view text, std::size_t dot);
    void see_host(std::string_view host, std::size_t offset, std::string_view example);

    Place place_;
    std::unordered_map<std::string, Name> names_;                            // by subject and name
    std::unordered_map<std::string, std::unordered_set<std::string>> flags_; // by what stands before the first '_'
    std::uint64_t left_out_ = 0;
};

} // namespace sallyport::lab
