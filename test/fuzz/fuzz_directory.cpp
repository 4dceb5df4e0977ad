// What a directory sends by SCIM, and forms of OAuth, as a stranger would send them: read, or refused with a sentence; names are one line
// within their limit, and a form says the same when it is written and read again.
#include "gateway/directory_words.h"
#include "gateway/form.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const sallyport::Result<sallyport::gateway::DirectoryChange>& change) {
    if (!change) {
        require(!change.error().message.empty());
        return;
    }
    for (const auto* const text : {&change->user_name, &change->external_id})
        if (*text) require(!(*text)->empty() && (*text)->size() <= 320 && !(*text)->contains('\n'));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::gateway;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check(read_directory_user(input));
    check(read_directory_patch(input));
    const auto filter = read_directory_filter(input);
    if (!filter) require(!filter.error().message.empty());
    const auto form = read_form(input);
    if (!form) {
        require(!form.error().message.empty());
        return 0;
    }
    std::string again;
    for (const auto& [name, value] : *form)
        again += (again.empty() ? "" : "&") + form_encoded(name) + "=" + form_encoded(value);
    const auto read = read_form(again);
    if (again.size() <= form_bytes_max) require(read && (*read == *form));
    return 0;
}
