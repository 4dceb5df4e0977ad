// One name for a repository, however its remote is written: "host/path", as policies match it.
//
//   https://user:token@Git.Acme.example:8443/core/engine.git/  \
//   ssh://git@git.acme.example/core/engine                      > git.acme.example/core/engine
//   git@git.acme.example:core/engine.git                       /
//
// The scheme, user, password, port, ".git" and slashes at the end, query and fragment do not count; the host counts without
// case, the path with it. Forms: git-clone(1) "GIT URLS", RFC 3986.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::repo {

inline constexpr std::size_t remote_bytes_max = 512;

// nullopt: empty, longer than remote_bytes_max, control characters or spaces, a "." or ".." segment, an empty segment inside the
// path, a broken or hiding percent-escape (of '/', '%', a control character), no host, no path. Hosts in Unicode stay as they
// are. A local path or file:// has the host "local". A normalised name normalises to itself.
std::optional<std::string> normalise_remote(std::string_view remote);

} // namespace sallyport::repo
