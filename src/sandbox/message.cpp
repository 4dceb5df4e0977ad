#include "sandbox/message.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace sallyport::sandbox {

bool send(int socket, char letter, std::string_view text, const std::vector<int>& descriptors) {
    const std::string bytes = letter + std::string(text.substr(0, message_bytes_max - 1));
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int) * descriptors_max)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        message.msg_control = room;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * descriptors.size());
        cmsghdr* const head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int) * descriptors.size());
        std::memcpy(CMSG_DATA(head), descriptors.data(), sizeof(int) * descriptors.size());
    }
    ssize_t sent = 0;
    do sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

Message receive(int socket) {
    char bytes[message_bytes_max];
    iovec part{bytes, sizeof bytes};
    alignas(cmsghdr) char room[CMSG_SPACE(sizeof(int) * descriptors_max)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room;
    message.msg_controllen = sizeof room;
    ssize_t count = 0;
    do count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    Message out;
    if (count <= 0) return out;
    out.letter = bytes[0];
    out.text.assign(bytes + 1, static_cast<std::size_t>(count) - 1);
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
        out.descriptors.resize((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        std::memcpy(out.descriptors.data(), CMSG_DATA(head), out.descriptors.size() * sizeof(int));
    }
    return out;
}

} // namespace sallyport::sandbox
