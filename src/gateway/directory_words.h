// What a company's directory says in SCIM 2.0 (RFC 7643, 7644) of a person, as far as it matters here: their name, whether they are active,
// and its own id for them. All else of a resource is read over. Pure.
#pragma once

#include "base/error.h"

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

struct DirectoryChange {
    std::optional<std::string> user_name, external_id;
    std::optional<bool> active;
};
// Errors (invalid, source client): no JSON object, a member that counts twice, of another shape.
Result<DirectoryChange> read_directory_user(std::string_view json);
// PATCH (RFC 7644 section 3.5.2): add and replace of these members, also in the forms that Entra and Okta send. What concerns others is
// read over; an operation that would take away one of these is an error.
Result<DirectoryChange> read_directory_patch(std::string_view json);

struct DirectoryFilter {
    enum class By : std::uint8_t { all, user_name, external_id, id } by = By::all;
    std::string value;
};
// "userName eq \"ada@acme.example\"" (section 3.4.2.2); no other operator. Attribute names ignore case.
Result<DirectoryFilter> read_directory_filter(std::string_view text);

} // namespace sallyport::gateway
