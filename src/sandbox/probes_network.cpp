#include "sandbox/probes.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sallyport::sandbox {

namespace {

// The kernel did it: the way is open. It has no such thing at all: not here. Anything else is a refusal.
Verdict of(bool done) { return done ? Verdict::open : Verdict::closed; }

sockaddr_in address(const char* host, std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &out.sin_addr);
    return out;
}

bool reaches(int type, int protocol, const char* host, std::uint16_t port) {
    const int socket = ::socket(AF_INET, type, protocol);
    if (socket < 0) return false;
    const sockaddr_in to = address(host, port);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return false;
    if (type != SOCK_DGRAM) return true;
    // A port that nobody has answers by an error to the second datagram.
    for (int i = 0; i < 2; ++i) {
        if (::send(socket, "x", 1, 0) != 1) return false;
        ::usleep(2'000);
    }
    return true;
}

bool reaches_unix(const char* path, std::size_t length) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (socket < 0 || length > sizeof to.sun_path) return false;
    std::memcpy(to.sun_path, path, length);
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&to),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length)) == 0;
}
bool reaches_unix(const std::string& path) { return reaches_unix(path.c_str(), path.size() + 1); }

Verdict has_socket(int family, int type, int protocol) { return of(::socket(family, type, protocol) >= 0); }

Verdict has_other_interface(const Bait&) {
    for (const auto& one : {if_nameindex()})
        for (const auto* at = one; at != nullptr && at->if_index != 0; ++at)
            if (std::strcmp(at->if_name, "lo") != 0) {
                // Fallback tunnels that some kernels put into every namespace are down and lead nowhere.
                const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
                ifreq request{};
                std::strncpy(request.ifr_name, at->if_name, sizeof request.ifr_name - 1);
                if (::ioctl(socket, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP) != 0)
                    return Verdict::open;
            }
    return Verdict::closed;
}

Verdict adds_route(const Bait&) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = 0;
    return of(::ioctl(socket, SIOCSIFFLAGS, &request) == 0); // taking lo down needs the right to change the network
}

Verdict netlink_writes(const Bait&) {
    const int socket = ::socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
    if (socket < 0) return Verdict::closed;
    nlmsghdr ask{};
    ask.nlmsg_len = sizeof ask;
    ask.nlmsg_type = (10 << 8) | 0; // nftables: a new table
    ask.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
    if (::send(socket, &ask, sizeof ask, 0) < 0) return Verdict::closed;
    char room[512];
    const ssize_t count = ::recv(socket, room, sizeof room, MSG_DONTWAIT);
    const auto* answer = reinterpret_cast<const nlmsghdr*>(room);
    if (count < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr))) || answer->nlmsg_type != NLMSG_ERROR)
        return Verdict::closed;
    return of(static_cast<const nlmsgerr*>(NLMSG_DATA(answer))->error == 0);
}

} // namespace

std::vector<Probe> network_probes() {
    return {
        {"tcp-loopback", "a TCP connection to a server of this machine",
         [](const Bait& bait) { return of(reaches(SOCK_STREAM, 0, "127.0.0.1", bait.tcp_port)); }, true},
        {"tcp-any-address", "the same by the address 0.0.0.0",
         [](const Bait& bait) { return of(reaches(SOCK_STREAM, 0, "0.0.0.0", bait.tcp_port)); }, true},
        {"tcp6-loopback", "the same over IPv6",
         [](const Bait& bait) {
             const int socket = ::socket(AF_INET6, SOCK_STREAM, 0);
             sockaddr_in6 to{};
             to.sin6_family = AF_INET6;
             to.sin6_port = htons(bait.tcp6_port);
             to.sin6_addr = in6addr_loopback;
             if (bait.tcp6_port == 0) return Verdict::not_here;
             return of(socket >= 0 && ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
         }},
        {"tcp4-in-6", "the same by an IPv4 address written as IPv6",
         [](const Bait& bait) {
             const int socket = ::socket(AF_INET6, SOCK_STREAM, 0);
             sockaddr_in6 to{};
             to.sin6_family = AF_INET6;
             to.sin6_port = htons(bait.tcp_port);
             ::inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
             return of(socket >= 0 && ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
         },
         true},
        {"tcp-fast-open", "TCP data in the first packet, without connect()",
         [](const Bait& bait) {
             const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
             const sockaddr_in to = address("127.0.0.1", bait.tcp_port);
             return of(::sendto(socket, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
                                sizeof to) == 1);
         }},
        {"mptcp", "multipath TCP, which rules about TCP do not see",
         [](const Bait& bait) { return of(reaches(SOCK_STREAM, 262, "127.0.0.1", bait.tcp_port)); }},
        {"sctp", "SCTP",
         [](const Bait& bait) { return of(reaches(SOCK_STREAM, IPPROTO_SCTP, "127.0.0.1", bait.tcp_port)); }},
        {"udp-loopback", "a datagram to a server of this machine",
         [](const Bait& bait) { return of(reaches(SOCK_DGRAM, 0, "127.0.0.1", bait.udp_port)); }, true},
        {"udp-lite", "the same by UDP-Lite",
         [](const Bait& bait) { return of(reaches(SOCK_DGRAM, IPPROTO_UDPLITE, "127.0.0.1", bait.udp_port)); }},
        {"dns-stub", "the machine's own resolver",
         [](const Bait&) { return of(reaches(SOCK_DGRAM, 0, "127.0.0.53", 53)); }},
        {"dns-outside", "a question to a name server outside",
         [](const Bait&) { return of(reaches(SOCK_DGRAM, 0, "192.0.2.53", 53)); }},
        {"metadata", "the address where clouds give out credentials",
         [](const Bait&) { return of(reaches(SOCK_DGRAM, 0, "169.254.169.254", 80)); }},
        {"private-network", "an address of the company's network",
         [](const Bait&) { return of(reaches(SOCK_DGRAM, 0, "10.0.0.1", 443)); }},
        {"broadcast", "a broadcast",
         [](const Bait&) {
             const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
             const int on = 1;
             ::setsockopt(socket, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
             const sockaddr_in to = address("255.255.255.255", 9);
             return of(::sendto(socket, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 1);
         }},
        {"multicast", "a multicast",
         [](const Bait&) {
             const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
             const sockaddr_in to = address("224.0.0.251", 5353);
             return of(::sendto(socket, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 1);
         }},
        {"raw-ip", "a raw IP socket", [](const Bait&) { return has_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }},
        {"packet", "a packet socket", [](const Bait&) { return has_socket(AF_PACKET, SOCK_RAW, 0x0300); }},
        {"vsock", "a socket to the hypervisor, which knows no network namespace",
         [](const Bait&) { return has_socket(AF_VSOCK, SOCK_STREAM, 0); }},
        {"bluetooth", "a Bluetooth socket", [](const Bait&) { return has_socket(AF_BLUETOOTH, SOCK_RAW, 1); }},
        {"kernel-crypto", "a socket to the kernel's cryptography",
         [](const Bait&) { return has_socket(AF_ALG, SOCK_SEQPACKET, 0); }},
        {"can-bus", "a CAN socket", [](const Bait&) { return has_socket(AF_CAN, SOCK_RAW, 1); }},
        {"netlink-filter", "changing packet filters", netlink_writes},
        {"take-loopback-down", "changing the network's settings", adds_route},
        {"another-interface", "a network interface that is not loopback", has_other_interface},
        {"unix-path", "a Unix socket in a folder outside",
         [](const Bait& bait) { return of(reaches_unix(bait.socket.string())); }, true},
        {"ssh-agent", "the socket of an ssh agent",
         [](const Bait& bait) { return of(reaches_unix(bait.agent_socket.string())); }, true},
        {"docker", "Docker's socket",
         [](const Bait&) { return of(reaches_unix("/var/run/docker.sock") || reaches_unix("/run/docker.sock")); }},
        {"system-bus", "the system's message bus",
         [](const Bait&) { return of(reaches_unix("/run/dbus/system_bus_socket")); }},
        {"unix-by-proc", "a Unix socket through /proc/1/root",
         [](const Bait& bait) { return of(reaches_unix("/proc/1/root" + bait.socket.string())); }},
        {"unix-abstract", "an abstract Unix socket",
         [](const Bait& bait) {
             const std::string name = std::string(1, '\0') + bait.abstract_socket;
             return of(reaches_unix(name.data(), name.size()));
         },
         true},
    };
}

} // namespace sallyport::sandbox
