// What the processes of a boundary tell each other: one letter and a text or descriptors, a datagram each, over a socketpair.
//   setting up: 'D' the doors, 'R' ready, 'F' process 1, 'P' the program's pidfd, 'E' a sentence, 'G' go
//   within: 'B' the root is built, 'W' it is watched; to its owner: 'C', 'U' (guards.h)
//   dialer: 'N' what listens (/proc/net/tcp and tcp6), 'C' connect to a port, 'S' the socket, 'E' a sentence
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::sandbox {

inline constexpr std::size_t descriptors_max = 16, message_bytes_max = 4'096;

struct Message {
    char letter = 0; // 0: the other side is gone, or time was over
    std::string text;
    std::vector<int> descriptors;
};

bool send(int socket, char letter, std::string_view text, const std::vector<int>& descriptors = {});
Message receive(int socket);

} // namespace sallyport::sandbox
