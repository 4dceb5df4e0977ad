// One exchange on its way: what is known of it so far, and each step of the pipeline as a function that either adds to that or
// says why it ends here. Lives in the pipeline's coroutine.
#pragma once

#include "gateway/caller.h"
#include "gateway/kept_bodies.h"
#include "gateway/lane.h"
#include "http/exchange.h"
#include "ledger/judged.h"

#include <optional>
#include <string>

namespace sallyport::gateway {

// Why an exchange ends without an answer of a vendor: what kind, and the sentence for the person.
struct Ending {
    dialect::RefusalKind kind = dialect::RefusalKind::invalid;
    std::string sentence;
    bool recorded = true; // callers without identity are counted, not recorded
};
using Step = std::expected<void, Ending>;

class Turn {
public:
    Turn(Lane& lane, http::Exchange& exchange, const http::Arrival& arrival);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    // The steps, in order (ARCHITECTURE.md).
    Step find_endpoint();        // which dialect and operation the request line asks for
    Step identify();             // key -> person and team; client; account kind
    net::Task<Step> read_body(); // bounded; nothing goes upstream yet
    net::Task<Step> parse();     // body -> document of units; digest of what will leave
    Step check_binding();        // it holds, and is of this request
    Step decide();               // facts -> plan
    // Makes the bytes that leave for an upstream of the plan, where rules amend what goes there.
    Step amend_for(std::uint16_t upstream);
    content::Inspector& inspector(); // of the loop
    // They are about to: what is done to them now is done to them in later turns too, whatever rules come meanwhile (law 1).
    void units_leave(const Upstream& upstream);
    // Whether all that is left alone since it had left before had left to this very upstream.
    bool has_all_disclosed(const Upstream& upstream) const;
    // After a wait: a key, an exception or the conversation's class may not be what it was. What the facts say besides stays.
    Step judge_anew();
    // Judges again for an attempt after the first: time has passed, and only what is still allowed may be tried.
    bool still_allowed(std::uint16_t upstream);

    // An answer has begun: the request will not be sent again, and what it took is given back. Facts and plan view it and are void.
    void release_request();

    // The same, for the pipeline and the ledger to look at.
    Lane& lane;
    http::Exchange& exchange;
    const http::Arrival& arrival;
    std::shared_ptr<const World> world;
    std::unique_ptr<Scratch> scratch; // null after release_request()
    dialect::Answer answer;
    std::string entry;         // of the ledger, while it is composed
    std::string id;            // shown to people as the reference
    std::int64_t begun_us = 0; // monotonic
    dialect::Endpoint endpoint{};
    bool endpoint_known = false;
    CallerView caller;
    crypto::Digest body_digest{};
    bool parsed = false;
    bool judged = false;
    policy::Facts facts;
    policy::Plan plan;
    std::string warning; // for the person: what would be refused and is let through with a warning
    // Of Verdicts: one for each session id that the request names, 0 behind the last.
    std::array<std::uint64_t, 6> conversations{};
    std::uint32_t attempts = 0;
    bool client_gone = false;

    // Whoever it is for may have been cut off since it began (a key revoked, a person disabled, a sign-in ended): then it ends, with that
    // sentence, wherever it is. On the loop's thread, when the keys changed.
    void look_at_caller(const identity::KeyTable& keys);
    std::string cut_off; // the sentence; empty: it goes on
    identity::KeyProblem cut_off_by = identity::KeyProblem::none;
    net::Stream* answering = nullptr; // the upstream that is waited for
    Turn* next = nullptr;             // of Lane::turns

    std::span<const std::uint16_t> candidates() const {
        return world->candidates[static_cast<std::size_t>(endpoint.dialect)];
    }
    bool amended = false; // what leaves is not what came
    crypto::Digest sent_digest{};
    std::vector<content::Replacement> redacted; // what the answer may be given back, where the policy says so
    std::optional<KeptBodies> kept;             // of the attempt that runs, where its class's bodies are kept
    std::string_view body() const { return amended ? std::string_view(scratch->amended) : scratch->body.view(); }
    policy::Amendments amendments_for(std::uint16_t upstream) const;                  // of the plan
    std::vector<std::string_view> headers_stripped_for(std::uint16_t upstream) const; // patterns
    // Fills scratch->sources; `withheld`: what the plan withholds from the upstream that is asked, by finding_bit().
    void name_sources(std::uint16_t withheld);
    // Hash of what the client would send again unchanged: its conversation, without the fields that repeats vary.
    std::uint64_t content_hash() const;

private:
    Turn* previous_ = nullptr;
    net::Task<Step> decode_body();                  // within the budget of all bodies
    Step judge_body(content::Inspector& inspector); // digest, parse, inspect: may run beside the loop
    Step gather_facts();                            // this and what follows: turn_facts.cpp
    std::string_view texts_of_head();
    // turn_findings.cpp
    std::uint32_t findings() const;
    std::string found_words() const; // " Found: …" where a rule about findings refused
    Step find_claims();
    Step check_names();
    std::uint64_t speaker() const;
    const content::Departing* unit_of(const content::Finding& finding) const; // null: it has none with a name
    bool is_disclosed_to(const content::Finding& finding, std::uint32_t upstream) const;
    bool is_disputed_for(const content::Finding& finding, std::uint32_t upstream) const;
    void settle_findings(std::uint32_t upstream);
    void add_up_pieces(std::uint32_t upstream); // turn_sources.cpp
    std::uint32_t first_upstream() const;
    void decide_on_findings(); // sets the plan
    void compare_with_fleet();
    void choose_repository();
    // With what inspection found of the company's content: turn_sources.cpp.
    void settle_repository();
    policy::Facts facts_with(std::span<const content::Source::Place* const> observed);
    void find_exceptions();
    policy::Class class_floor() const;
    std::size_t budget_held_ = 0;
    UnclearClaims unclear_;
};

} // namespace sallyport::gateway
