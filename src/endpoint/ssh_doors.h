// Sign-in at servers by SSH with the person's ssh-agent, where a grant of the policy names the server (docs/boundary.md): its name leads to a door
// of the boundary, from there to the server as the policy's egress rules have it, with a receipt as of any other contact; and what is asked of the
// agent passes by agent_session.h. Belongs to the loop's thread.
#pragma once

#include "egress/proxy.h"
#include "endpoint/agent_session.h"
#include "endpoint/reached.h"
#include "net/tcp.h"

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sallyport::endpoint {

// Of a run: which server is at which address inside, and what programs inside are told of it.
class SshGrants {
public:
    SshGrants() = default;
    ~SshGrants(); // takes the socket's folder away
    SshGrants(SshGrants&&) noexcept;
    SshGrants& operator=(SshGrants&&) = delete;

    // `named`: ids that the person named. `agent`: of the person (SSH_AUTH_SOCK), may be empty.
    void take(const Grants& grants, const std::set<std::string>& named, std::filesystem::path agent);
    struct Server {
        std::string grant, host, why;
        std::uint16_t port = 22;
        std::uint32_t address = 0; // inside
        bool is_named = false;
    };
    const std::vector<Server>& servers() const { return servers_; }
    std::span<const SignedFor> signed_for() const { return signed_for_; }
    std::map<std::string, IpAddress> names() const;                 // for DNS
    std::vector<std::pair<std::string, std::string>> files() const; // path inside and text: of ssh
    const std::filesystem::path& agent() const { return agent_; }   // the person's; empty: there is none
    const std::filesystem::path& socket() const {
        return socket_;
    } // where a session's end lies outside; empty: nothing may be signed
    static constexpr const char* socket_inside = "/run/sallyport/ssh-agent";
    // Makes the socket. Call it before the boundary is prepared.
    Result<void> open();
    int take_listening() { return std::exchange(listening_, -1); }

private:
    std::vector<Server> servers_;
    std::vector<SignedFor> signed_for_;
    std::vector<std::pair<std::string, std::string>> known_; // "host" or "[host]:port", and a key
    std::filesystem::path agent_, socket_;
    int listening_ = -1;
};

class SshDoors {
public:
    SshDoors(net::Loop& loop, egress::Proxy& proxy, const SshGrants& grants)
        : loop_(loop), proxy_(proxy), grants_(grants) {}
    SshDoors(const SshDoors&) = delete;
    SshDoors& operator=(const SshDoors&) = delete;

    // A listening socket for each server, in their order, and that of the agent (-1: none). Takes them.
    Result<void> listen(const std::vector<int>& doors, int agent);
    void cut();
    const std::map<std::string, std::uint64_t>& used() const { return used_; } // signatures, by grant
    const std::set<std::string>& told() const { return told_; }                // sentences for the person

private:
    net::Task<void> serve(std::shared_ptr<net::Listener> listener, std::size_t server);
    net::Task<void> lead(int from, std::size_t server);
    net::Task<void> serve_agent(std::shared_ptr<net::Listener> listener);
    net::Task<void> agent(int from);

    net::Loop& loop_;
    egress::Proxy& proxy_;
    const SshGrants& grants_;
    std::vector<std::shared_ptr<net::Listener>> listeners_;
    std::size_t connections_ = 0;
    std::map<std::string, std::uint64_t> used_;
    std::set<std::string> told_;
};

} // namespace sallyport::endpoint
