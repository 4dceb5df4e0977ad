// Bindings: what a launcher says of one run of a client (repository, client, version, digest, tier), confirmed by the gateway for a
// quarter of an hour, and good only for whoever holds the secret that was given out with it.
//
//   text   = base64url(statement) "." base64url(tag)      sent with each request
//   tag    = HMAC-SHA-256(key, "tag" statement)           so that the gateway remembers nothing of it
//   secret = HMAC-SHA-256(key, "secret" statement)        given out once, never sent again
//   proof  = at "." hex(HMAC-SHA-256(secret, method LF target LF at LF hex(SHA-256(body))))
//
// The shape is that of DPoP (RFC 9449: a fresh proof over method, target and time for each request), with a MAC in place of a signature
// (RFC 9421 section 3.3.3 names HMAC-SHA-256 for it): two microseconds of an exchange instead of a hundred, and no weaker here, since the
// company key goes the same way with every request. The proof covers the body too: a request that was recorded can be sent again
// as it was within a minute, and as nothing else.
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "crypto/crypto.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::identity {

inline constexpr std::string_view binding_header = "x-sallyport-binding";
inline constexpr std::string_view proof_header = "x-sallyport-proof";
inline constexpr std::string_view binding_path = "/.well-known/sallyport/binding"; // RFC 8615
// Of a launcher that asks for a binding: "<size> <origin>" of a checkpoint of the gateway's ledger that was seen there; may come several times.
inline constexpr std::string_view ledger_seen_header = "x-sallyport-ledger-seen";

// What a launcher states. Texts are printable ASCII without blanks; empty: not known.
struct Statement {
    std::string repository;   // "git.acme.example/web/site"
    std::string commit, root; // 40 or 64 hex digits: HEAD, and the first commit that it goes back to
    std::string client, version;
    std::string digest; // of the client's program: "sha256:…"
    char tier = 'C';    // 'A', 'B' or 'C'
};
struct Binding : Statement {
    std::string id;          // "b_…"
    std::string key, person; // id of the company key and pseudonym
    std::int64_t from_ms = 0, until_ms = 0;
};

// One JSON object, in canonical form. Errors (invalid, source client): no such object, a member twice, unknown or of another shape.
std::string statement_text(const Statement& statement);
Result<Statement> read_statement(std::string_view text);

enum class BindingProblem : std::uint8_t {
    none,
    unreadable, // no binding, or not one of this installation
    expired,
    no_proof,      // none came, or it cannot be read
    foreign_proof, // made with another secret, or for another request
    stale_proof,   // made too long ago, or in the future
    foreign_key,   // it was given out for another company key
};
std::string_view name(BindingProblem);
std::string_view sentence(BindingProblem); // "the binding … ; start the client again with: sallyport run"

// A request, for its proof. `body`: the digest of its bytes as they are sent.
struct Proven {
    std::string_view method, target;
    crypto::Digest body{};
};
std::string prove(const Secret& secret, const Proven& request, std::int64_t at_ms);

// Issues and checks, under a key of the installation. Thread-safe.
class Bindings {
public:
    explicit Bindings(const Secret& key) : mac_(key) {}

    struct Issued {
        std::string text;
        Secret secret;
    };
    Issued issue(const Binding& binding) const;

    struct Check {
        BindingProblem problem = BindingProblem::unreadable;
        Binding binding; // filled unless unreadable
    };
    // `at_ms`: when the request's head came. Not whom it may stand for: the company key is looked at by the caller.
    Check check(std::string_view text, std::string_view proof, const Proven& request, std::int64_t at_ms) const;

private:
    crypto::Mac mac_;
};

} // namespace sallyport::identity
