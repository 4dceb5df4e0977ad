#include "sandbox/harden.h"

#include <seccomp.h>

#include <cerrno>
#include <memory>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <system_error>

namespace sallyport::sandbox {

Result<void> deny_exec() {
    const std::unique_ptr<void, void (*)(void*)> filter(seccomp_init(SCMP_ACT_ALLOW), seccomp_release);
    const auto failed = [](int code) {
        return fail(ErrorKind::io, "the kernel does not let this process give up execve (seccomp): " +
                                       std::generic_category().message(-code));
    };
    if (!filter) return failed(-ENOMEM);
    if (int code = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1); code != 0) return failed(code);
    for (const int call : {SCMP_SYS(execve), SCMP_SYS(execveat)})
        if (int code = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0); code != 0) return failed(code);
    if (int code = seccomp_load(filter.get()); code != 0) return failed(code);
    return {};
}

Result<void> deny_dumps() {
    const rlimit none{0, 0};
    if (::setrlimit(RLIMIT_CORE, &none) != 0) return fail_errno("cannot forbid core dumps");
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) return fail_errno("cannot forbid core dumps");
    return {};
}

} // namespace sallyport::sandbox
