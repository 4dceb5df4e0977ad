#include "sim/reset.h"

#include "net/tcp.h"

#include <charconv>
#include <dirent.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>

namespace sallyport::sim {

namespace {

bool is_connection(int descriptor, std::string_view peer, std::uint16_t local_port) {
    net::SocketAddress there;
    socklen_t length = sizeof there.bytes;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(there.bytes), &length) != 0) return false;
    const auto family = reinterpret_cast<sockaddr*>(there.bytes)->sa_family;
    if (family != AF_INET && family != AF_INET6) return false;
    there.length = length;
    if (there.text() != peer) return false;
    net::SocketAddress here;
    length = sizeof here.bytes;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(here.bytes), &length) != 0) return false;
    return here.text().ends_with(":" + std::to_string(local_port));
}

} // namespace

void reset_on_close(std::string_view peer, std::uint16_t local_port) {
    DIR* const open_files = ::opendir("/proc/self/fd");
    if (open_files == nullptr) return;
    while (const dirent* entry = ::readdir(open_files)) {
        const std::string_view name = entry->d_name;
        int descriptor = -1;
        const auto read = std::from_chars(name.data(), name.data() + name.size(), descriptor);
        if (read.ec != std::errc() || !is_connection(descriptor, peer, local_port)) continue;
        const linger at_once{1, 0};
        ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        break;
    }
    ::closedir(open_files);
}

} // namespace sallyport::sim
