// One connection of a program inside to the person's ssh-agent (draft-ietf-sshm-ssh-agent): what of it passes. Names of keys do; a signature
// only for a sign-in at a server whose host key a grant of the policy names, and only in a session that this server signed: ssh says whom it speaks with
// (session-bind@openssh.com, OpenSSH's PROTOCOL.agent: the server's signature over the session), and what is signed must be of that session
// (RFC 4252 section 7). Nothing else: no key is added or removed, nothing of another kind is signed. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::endpoint {

inline constexpr std::size_t agent_message_bytes_max = 64 * 1024; // without its length; OpenSSH takes 256 KiB

// Servers for which may be signed.
struct SignedFor {
    std::string grant;     // its id
    std::string key;       // of the host, as in a message
    bool is_named = false; // by the person, or the grant does not ask
};

class AgentSession {
public:
    explicit AgentSession(std::span<const SignedFor> servers) : servers_(servers) {}

    enum class What : std::uint8_t { pass, refuse };
    struct Verdict {
        What what = What::refuse;
        std::string grant; // of a signature: by which
        std::string why;   // it is refused, where a person can do something about that
    };
    // One message, without its length.
    Verdict judge(std::string_view message);

private:
    struct Bound {
        std::string session, key;
    };
    Verdict bind(std::string_view name, std::string_view rest);
    Verdict sign(std::string_view key, std::string_view data) const;
    std::span<const SignedFor> servers_;
    std::vector<Bound> bound_;
    bool is_elsewhere_ = false; // a server was shown that no grant names
};

inline constexpr std::string_view agent_refusal{"\0\0\0\x01\x05", 5}; // SSH_AGENT_FAILURE

} // namespace sallyport::endpoint
