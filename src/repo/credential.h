// With what a clone signs in: a file that is named on the command line, and nothing else. Read once, held in memory, never shown.
#pragma once

#include "base/error.h"
#include "base/secret.h"

#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::repo {

struct Credential {
    std::string user;               // of a name and a password; empty: none
    Secret password;                // or a token; empty: none
    std::filesystem::path key_file; // a private key of SSH; empty: none
};

// A file of mode 0600 or stricter that belongs to whoever runs this. What is in it decides: a private key (OpenSSH's or PEM, without a
// passphrase), lines of a netrc ("machine HOST login USER password WORD", also over several lines; "default" for any host), or one token
// alone. Fails where no machine of a netrc is `host`. Messages never hold what is in it.
Result<Credential> read_credential(const std::filesystem::path& file, std::string_view host);

} // namespace sallyport::repo
