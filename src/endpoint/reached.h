// What listens inside, reached from the person's own machine: a dev server in their browser. Only ports that a grant of the policy names,
// and that the person named too where the grant asks for it; on 127.0.0.1 at the same port, as long as something listens there inside.
// Belongs to the loop's thread.
#pragma once

#include "net/loop.h"
#include "net/tcp.h"
#include "policy/grants.h"
#include "sandbox/dialer.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace sallyport::endpoint {

using Grants = std::shared_ptr<const std::vector<policy::Grant>>;
// Of the gateway's answer (Holder::take): as its policy's `grants` for the class of the work, all for any class. Errors: it holds none.
Result<Grants> grants_of(std::string_view answer);

struct ReachedOptions {
    Grants grants;
    std::set<std::string> named;                // ids that the person named
    std::set<std::uint16_t> doors;              // ports inside that are ours
    std::function<void(std::string_view)> tell; // a sentence for the person, once for each port
};

class Reached {
public:
    Reached(net::Loop& loop, sandbox::Dialer& dialer, ReachedOptions options)
        : loop_(loop), dialer_(dialer), options_(std::move(options)) {}
    ~Reached() { cut(); }
    Reached(const Reached&) = delete;
    Reached& operator=(const Reached&) = delete;

    void start(); // looks every now and then what listens
    void cut();

    // What became of it, for the receipt: connections by grant; ports that nobody could reach, each with the sentence why.
    const std::map<std::string, std::uint64_t>& used() const { return used_; }
    const std::map<std::uint16_t, std::string>& closed() const { return closed_; }

private:
    net::Task<void> watch();
    void look();
    std::string open(std::uint16_t port); // why it is not open; empty: it is
    net::Task<void> serve(std::shared_ptr<net::Listener> listener, std::uint16_t port, std::string grant);
    net::Task<void> carry(int from, std::uint16_t port);

    net::Loop& loop_;
    sandbox::Dialer& dialer_;
    ReachedOptions options_;
    std::map<std::uint16_t, std::shared_ptr<net::Listener>> open_;
    std::map<std::uint16_t, std::string> closed_;
    std::set<std::uint16_t> told_;
    std::map<std::string, std::uint64_t> used_;
    std::size_t connections_ = 0;
    bool is_cut_ = false;
};

} // namespace sallyport::endpoint
