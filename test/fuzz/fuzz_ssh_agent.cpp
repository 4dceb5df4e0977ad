// What a program inside the boundary asks the person's ssh-agent: messages one after the other, each behind a byte with its length. Nothing is
// signed unless a server that a grant names signed the session, and none of these did (its key is nobody's).
#include "crypto/ssh_key.h"
#include "endpoint/agent_session.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport;
    const std::vector<endpoint::SignedFor> servers{
        {"git", std::string("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19) + std::string(32, '\x01'), true}};
    endpoint::AgentSession session(servers);
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    while (!rest.empty()) {
        const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(rest[0]), rest.size() - 1);
        const std::string_view message = rest.substr(1, length);
        rest.remove_prefix(1 + length);
        const auto verdict = session.judge(message);
        if (verdict.what == endpoint::AgentSession::What::pass && message != "\x0b") std::abort();
        if (!verdict.grant.empty()) std::abort();
    }
    crypto::is_ssh_key({reinterpret_cast<const char*>(data), size});
    return 0;
}
