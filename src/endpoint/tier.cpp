#include "endpoint/tier.h"

#include "base/encoding.h"
#include "base/file.h"
#include "crypto/crypto.h"
#include "endpoint/view.h"

#include <algorithm>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace sallyport::endpoint {

namespace {

// What may change what a boundary is worth without another kernel.
constexpr const char* settings[] = {"/proc/cmdline",
                                    "/sys/kernel/security/lsm",
                                    "/proc/sys/kernel/unprivileged_userns_clone",
                                    "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                                    "/proc/sys/kernel/yama/ptrace_scope",
                                    "/proc/sys/kernel/io_uring_disabled",
                                    "/proc/sys/user/max_user_namespaces",
                                    "/proc/sys/user/max_net_namespaces"};
constexpr std::size_t setting_bytes_max = 8 * 1024;

std::string this_build() {
    struct stat of{};
    if (::stat("/proc/self/exe", &of) != 0) return "?";
    return std::to_string(of.st_dev) + "." + std::to_string(of.st_ino) + "." + std::to_string(of.st_size) + "." +
           std::to_string(of.st_mtim.tv_sec) + "." + std::to_string(of.st_mtim.tv_nsec);
}

std::string open_ways(const std::vector<sandbox::Probed>& probed) {
    std::string out;
    for (const auto& one : probed)
        if (one.verdict == sandbox::Verdict::open || one.verdict == sandbox::Verdict::failed)
            out += (out.empty() ? "" : ", ") + std::string(one.probe.name);
    return out;
}

} // namespace

Result<std::vector<sandbox::Probed>> measure_tier() {
    return sandbox::probe_boundary([](const sandbox::Bait& bait) {
        ViewOptions options;
        options.workspace = bait.workspace;
        options.home = bait.home;
        options.state = bait.folder / "state";
        return view(options);
    });
}

std::string tier_key() {
    utsname kernel{};
    ::uname(&kernel);
    std::string values;
    for (const char* one : settings)
        values += std::string(one) + "=" + read_file(one, setting_bytes_max).value_or("-") + "\n";
    return std::string(kernel.release) + " " + kernel.version + " build " + this_build() + " user " +
           std::to_string(::getuid()) + " settings " + to_hex(crypto::bytes(crypto::sha256(values)).substr(0, 16));
}

KnownTier known_tier(const Remembered& remembered) {
    const std::string key = tier_key();
    KnownTier out;
    if (remembered.get("tier", key) == "A") {
        out.tier = 'A';
        return out;
    }
    const auto probed = measure_tier();
    if (!probed) {
        out.why = probed.error().message;
        return out;
    }
    out.probes = probed->size();
    if (sandbox::tier_of(*probed) == 'A') {
        out.tier = 'A';
        remembered.put("tier", key, "A");
    } else {
        out.why =
            "this machine gives no boundary of tier A (open: " + open_ways(*probed) + "); sallyport doctor says more";
    }
    return out;
}

} // namespace sallyport::endpoint
