// Holds a run's binding (identity/binding.h): what the gateway answered before the client started, renewed when a request comes after ten
// minutes (or two thirds of its life), and the proof with each request that we are its holder. Belongs to the loop's thread.
#pragma once

#include "http/client.h"
#include "identity/binding.h"
#include "policy/egress.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::endpoint {

// Whom and how to ask.
struct GatewayAccess {
    http::Origin origin;
    Secret key; // of the company, or an access token
    // Where that is a sign-in's (sign_in.h): its file, and until when.
    std::filesystem::path sign_in{};
    std::int64_t until_ms = 0;
};
inline constexpr std::size_t gateway_in_pool = 0; // its number

struct Answered {
    int status = 0;
    Buffer body;
};
// One question of the launcher's own. `fields`: complete lines, each with CRLF.
net::Task<Result<Answered>> post_to_gateway(net::Loop& loop, http::Pool& pool, const GatewayAccess& gateway,
                                            std::string_view path, std::string body, std::string fields,
                                            std::string_view type = "application/json");

// Asks for a binding: the answer, for Holder::take(). Errors: refused, with the gateway's sentence; unavailable: it cannot be had. `fields`:
// complete lines, each with CRLF.
net::Task<Result<std::string>> ask_for_binding(net::Loop& loop, http::Pool& pool, const GatewayAccess& gateway,
                                               const identity::Statement& statement, std::string fields);
// The same in a process of its own, since looking up the gateway's name makes threads, and a boundary has to be made without any.
Result<std::string> ask_for_binding_apart(const GatewayAccess& gateway, const identity::Statement& statement,
                                          std::string fields);

using EgressRules = std::shared_ptr<const std::vector<policy::EgressRule>>;
// As the gateway writes them: the list under `egress` of a policy, as JSON. Error: it is none, and what is wrong with it.
Result<EgressRules> read_egress_rules(std::string_view text);
Result<EgressRules> rules_of(std::string_view answer); // of a whole answer

class Holder {
public:
    Holder(net::Loop& loop, http::Pool& pool, const GatewayAccess& gateway, identity::Statement statement)
        : loop_(loop), pool_(pool), gateway_(gateway), statement_(std::move(statement)) {}

    Result<void> take(std::string_view answer);
    // Before a request: asks again where the binding is old. One that still holds is used on while the gateway cannot be had or says
    // no; one that has expired is sent all the same, so that the gateway tells the client.
    net::Task<void> keep_fresh();

    // Lines of a head, for this request.
    std::string fields_for(const identity::Proven& request) const;
    const std::string& evidence() const { return evidence_; } // "bound" or "claimed"
    const std::string& problem() const { return problem_; }   // why it could not be renewed
    const EgressRules& rules() const { return rules_; }       // whom the client may contact besides; never null

private:
    std::int64_t gateway_ms() const; // the gateway's time

    net::Loop& loop_;
    http::Pool& pool_;
    const GatewayAccess& gateway_;
    identity::Statement statement_;
    std::string text_, evidence_, problem_;
    Secret secret_;
    EgressRules rules_ = std::make_shared<std::vector<policy::EgressRule>>();
    std::int64_t ahead_ms_ = 0; // of the gateway's clock
    std::int64_t until_ms_ = 0, renewed_at_ms_ = 0;
    bool is_asking_ = false;
};

} // namespace sallyport::endpoint
