// Addresses from which a repository is cloned: https://, ssh://, user@host:path, file:///path, and http:// to this machine alone. Pure.
#pragma once

#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::repo {

// Whether it is meant as an address and not as a path of this machine: a scheme, or "user@host:" before any slash.
bool looks_like_url(std::string_view text);

struct GitUrl {
    enum class Scheme : std::uint8_t { https, http, ssh, file };
    Scheme scheme = Scheme::https;
    std::string text; // as it was given
    std::string name; // as normalise_remote() says it
    std::string host; // in lower case, without port; "local" of a file
    std::string user; // of ssh; empty: none is named
};
// Fails for other schemes, passwords and users of http in it, http to other machines, and what names no repository. The message does not
// hold the address, which may hold a secret.
Result<GitUrl> read_git_url(std::string_view text);

} // namespace sallyport::repo
