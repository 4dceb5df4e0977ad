#include "repo/credential.h"

#include "base/file.h"
#include "base/text.h"

#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::repo {

namespace {

constexpr std::size_t credential_bytes_max = 64 * 1024;
// Forges take any name beside a token; an empty one some refuse.
constexpr std::string_view user_of_tokens = "x-access-token";

std::string_view next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(" \t\r\n"));
    text.remove_prefix(word.size());
    return word;
}

// The entry of the host, else the default one (netrc(5)).
std::optional<Credential> in_netrc(std::string_view text, std::string_view host) {
    std::optional<Credential> found;
    bool is_taken = false;
    while (true) {
        const std::string_view word = next_word(text);
        if (word.empty()) return found;
        if (word == "machine" || word == "default") {
            if (found && !found->password.empty()) return found;
            is_taken = word == "default" || to_lower(next_word(text)) == host;
            if (is_taken) found.emplace();
        } else if (word == "login" || word == "password" || word == "account") {
            const std::string_view value = next_word(text);
            if (is_taken && word == "login") found->user = value;
            if (is_taken && word == "password") found->password = Secret(std::string(value));
        }
    }
}

Result<void> require_private(const std::filesystem::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) return fail_errno("cannot look at the credential file " + file.string());
    if (status.st_uid != ::geteuid())
        return fail(ErrorKind::refused,
                    "the credential file " + file.string() + " belongs to another user; use one of your own");
    if ((status.st_mode & 077) != 0)
        return fail(ErrorKind::refused, "the credential file " + file.string() +
                                            " can be read by others; run: chmod 0600 " + file.string());
    return {};
}

} // namespace

Result<Credential> read_credential(const std::filesystem::path& file, std::string_view host) {
    if (auto closed = require_private(file); !closed) return std::unexpected(closed.error());
    auto read = read_file(file, credential_bytes_max);
    if (!read) return std::unexpected(read.error());
    const Secret content(std::move(*read));
    Credential credential;
    if (content.reveal().contains("PRIVATE KEY-----")) {
        credential.key_file = file;
        return credential;
    }
    std::string_view rest = content.reveal();
    const std::string_view first = next_word(rest);
    if (first == "machine" || first == "default") {
        auto found = in_netrc(content.reveal(), host);
        if (found && !found->password.empty()) return std::move(*found);
        return fail(ErrorKind::invalid,
                    "the credential file " + file.string() + " has no password for the machine " + std::string(host));
    }
    if (first.empty() || !next_word(rest).empty())
        return fail(ErrorKind::invalid,
                    "the credential file " + file.string() +
                        " holds neither a private key, nor lines of a netrc (machine HOST login USER password "
                        "WORD), nor one token alone");
    credential.user = user_of_tokens;
    credential.password = Secret(std::string(first));
    return credential;
}

} // namespace sallyport::repo
