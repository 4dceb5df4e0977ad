#include "sandbox/inside.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace sallyport::sandbox {

namespace {

std::string write_file(const char* path, const std::string& text) {
    const int file = ::open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return refused(std::string("open ") + path);
    const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    const std::string out = written ? std::string() : refused(std::string("write ") + path);
    ::close(file);
    return out;
}

} // namespace

std::string refused(const std::string& what) { return what + ": " + std::strerror(errno); }

std::string leave_namespaces(const std::string& host_name) {
    const auto user = std::to_string(::geteuid()), group = std::to_string(::getegid());
    constexpr int all =
        CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
    if (::unshare(all) != 0) return refused("unshare");
    if (auto told = write_file("/proc/self/setgroups", "deny"); !told.empty()) return told;
    if (auto told = write_file("/proc/self/uid_map", user + " " + user + " 1"); !told.empty()) return told;
    if (auto told = write_file("/proc/self/gid_map", group + " " + group + " 1"); !told.empty()) return told;
    if (::sethostname(host_name.data(), host_name.size()) != 0) return refused("sethostname");
    return {};
}

namespace {

// Netlink (rtnetlink(7)): a local route for 0.0.0.0/0 over the loopback.
std::string own_every_address() {
    struct {
        nlmsghdr head;
        rtmsg route;
        rtattr attribute;
        int interface;
    } request{};
    request.head.nlmsg_len = sizeof request;
    request.head.nlmsg_type = RTM_NEWROUTE;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
    request.route.rtm_family = AF_INET;
    request.route.rtm_table = RT_TABLE_LOCAL;
    request.route.rtm_protocol = RTPROT_STATIC;
    request.route.rtm_scope = RT_SCOPE_HOST;
    request.route.rtm_type = RTN_LOCAL;
    request.attribute = {RTA_LENGTH(sizeof(int)), RTA_OIF};
    request.interface = static_cast<int>(::if_nametoindex("lo"));
    const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (socket < 0) return refused("socket");
    struct {
        nlmsghdr head;
        nlmsgerr error;
        char rest[1'024];
    } answer{};
    const bool told =
        ::send(socket, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request) &&
        ::recv(socket, &answer, sizeof answer, 0) >= static_cast<ssize_t>(sizeof answer.head + sizeof answer.error);
    if (told) errno = -answer.error.error;
    const std::string out = told && errno == 0 ? std::string() : refused("make every address one's own");
    ::close(socket);
    return out;
}

} // namespace

std::string raise_loopback(bool every_address) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return refused("socket");
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const std::string out = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0 ? std::string() : refused("raise lo");
    ::close(socket);
    return out.empty() && every_address ? own_every_address() : out;
}

std::string give_up_capabilities() {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability)
        if (::prctl(PR_CAPBSET_DROP, capability) != 0) return refused("drop a capability");
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return refused("clear ambient capabilities");
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    if (::syscall(SYS_capset, &header, none) != 0) return refused("capset");
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("no_new_privs");
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) return refused("not dumpable");
    return {};
}

} // namespace sallyport::sandbox
