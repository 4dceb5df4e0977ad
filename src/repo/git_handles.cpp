#include "repo/git_handles.h"

#if __has_feature(address_sanitizer)
// libgit2 1.5 forgets the match data of PCRE2 whenever it looks through the names of a configuration.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libpcre2-8.so\n"; }
#endif

namespace sallyport::repo {

void start_library() {
    static const int started = [] {
        git_libgit2_init();
        for (const git_config_level_t level :
             {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL})
            git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
        return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    }();
    static_cast<void>(started);
}

std::unexpected<Error> git_failed(const std::string& what) {
    const git_error* const last = git_error_last();
    return fail(ErrorKind::invalid, what + ": " + (last != nullptr ? last->message : "unknown reason"));
}

} // namespace sallyport::repo
