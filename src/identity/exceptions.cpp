#include "identity/exceptions.h"

#include "base/text.h"
#include "identity/keys.h"

#include <algorithm>

namespace sallyport::identity {

std::string new_exception_id(bool break_glass) {
    return std::string(break_glass ? break_glass_prefix : "x_") + new_key_id().substr(2);
}

bool in_force(const store::ExceptionRecord& exception, std::int64_t now_ms) {
    return exception.revoked_ms == 0 && now_ms >= exception.granted_ms && now_ms < exception.until_ms &&
           (!exception.needs_approval || !exception.approved_by.empty());
}

std::size_t ExceptionTable::break_glasses(std::int64_t now_ms) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        all_, [&](const auto& one) { return one.id.starts_with(break_glass_prefix) && in_force(one, now_ms); }));
}

// A request whose repository is not known is concerned only by an exception for all of them.
bool ExceptionTable::concerns(const store::ExceptionRecord& one, std::string_view person, std::string_view team,
                              std::string_view repository) {
    const bool who = one.person.empty() ? !one.team.empty() && one.team == team : one.person == person;
    return who && (one.repository == "**" || (!repository.empty() && glob_matches(one.repository, repository)));
}

} // namespace sallyport::identity
