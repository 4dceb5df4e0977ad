#include "endpoint/agent_session.h"

#include "crypto/ssh_key.h"

#include <algorithm>

namespace sallyport::endpoint {

namespace {

constexpr std::uint8_t request_identities = 11, sign_request = 13, extension = 27;
constexpr std::uint8_t userauth_request = 50;
constexpr std::size_t sessions_max = 16, session_bytes_max = 128;

} // namespace

AgentSession::Verdict AgentSession::judge(std::string_view message) {
    crypto::SshReader reader(message);
    switch (reader.byte()) {
    case request_identities: return {reader.at_end() ? What::pass : What::refuse, {}, {}};
    case sign_request: {
        const std::string_view key = reader.text(), data = reader.text();
        reader.number(); // flags: which digest
        return reader.at_end() ? sign(key, data) : Verdict{};
    }
    case extension: {
        const std::string_view name = reader.text();
        if (!reader.good()) return {};
        return bind(name, message.substr(1 + 4 + name.size()));
    }
    default: return {};
    }
}

AgentSession::Verdict AgentSession::bind(std::string_view name, std::string_view rest) {
    if (name != "session-bind@openssh.com") return {};
    crypto::SshReader reader(rest);
    const std::string_view key = reader.text(), session = reader.text(), signature = reader.text();
    const bool is_forwarding = reader.byte() != 0; // then somebody at the server would ask
    if (!reader.at_end() || is_forwarding || session.empty() || session.size() > session_bytes_max ||
        bound_.size() == sessions_max)
        return {};
    if (std::ranges::none_of(servers_, [&](const SignedFor& one) { return one.key == key; })) {
        is_elsewhere_ = true;
        return {};
    }
    if (!crypto::is_ssh_signature(key, signature, session)) return {};
    bound_.push_back({std::string(session), std::string(key)});
    return {What::pass, {}, {}};
}

AgentSession::Verdict AgentSession::sign(std::string_view key, std::string_view data) const {
    crypto::SshReader reader(data);
    const std::string_view session = reader.text();
    const bool is_sign_in = reader.byte() == userauth_request;
    reader.text(); // user
    const bool is_connection = reader.text() == "ssh-connection";
    const std::string_view method = reader.text();
    const bool is_signed = reader.byte() == 1;
    reader.text(); // algorithm
    const bool is_that_key = reader.text() == key;
    const bool names_host = method == "publickey-hostbound-v00@openssh.com";
    const std::string_view host = names_host ? reader.text() : std::string_view();
    if (!reader.at_end() || !is_sign_in || !is_connection || !is_signed || !is_that_key ||
        !(names_host || method == "publickey"))
        return {What::refuse,
                {},
                "only a sign-in at a server is signed by the person's ssh-agent; a key of the client's own can lie in "
                "its home"};
    const auto bound = std::ranges::find(bound_, session, &Bound::session);
    if (bound == bound_.end() || (names_host && host != bound->key))
        return {What::refuse,
                {},
                is_elsewhere_ ? "the server at which ssh signs in showed a host key that no grant of the policy names"
                              : "ssh did not say at which server it signs in; that takes OpenSSH 8.9 or newer inside"};
    const SignedFor* asked = nullptr;
    for (const SignedFor& one : servers_) {
        if (one.key != bound->key) continue;
        if (one.is_named) return {What::pass, one.grant, {}};
        asked = &one;
    }
    return {What::refuse,
            {},
            "sallyport run --grant " + (asked != nullptr ? asked->grant : std::string()) +
                " lets it sign in there with the person's key"};
}

} // namespace sallyport::endpoint
