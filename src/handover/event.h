// What is handed over: an attempt to send an exchange to a vendor, once its outcome is known, or a refusal. All of it stands in the
// ledger's entries: pseudonyms, never names, bodies or secrets (law 13, law 8).
//
// Views the entries that it was made of; use it before they go.
#pragma once

#include "ledger/entry.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::handover {

inline constexpr std::string_view program_version = "0.1.0";

struct Event {
    enum class Kind : std::uint8_t { attempt, refusal };
    Kind kind = Kind::attempt;
    std::string_view origin; // of the ledger
    std::uint64_t index = 0; // of the entry that completed it; with the origin its name outside
    std::string_view exchange;
    std::uint32_t attempt = 1;
    std::int64_t begin_ms = 0; // wall time of the intent, or of the refusal
    std::int64_t end_ms = -1;  // of the outcome; -1: not known

    bool judged = false; // else the request could not be read so far, and `judgement` says nothing
    const ledger::Judgement* judgement = nullptr;    // never null
    const ledger::RequestSummary* request = nullptr; // never null
    std::string_view person, team, dialect;

    ledger::UpstreamSummary upstream;         // of an attempt
    ledger::Body sent;                        // of an attempt; of a refusal what came
    const ledger::Outcome* outcome = nullptr; // of an attempt: null where the gateway ended before it was known
    std::string_view refused_because;         // of a refusal: policy, identity, …
    int status = 0;                           // HTTP: the vendor's answer, or the refusal's; 0: none
    std::string_view sentence;                // of a refusal, as shown

    std::string id() const { return std::string(origin) + "/" + std::to_string(index); }
    std::string_view provider() const { return upstream.vendor.empty() ? upstream.name : upstream.vendor; }
    std::string_view client() const { return judgement->facts.client; }
    std::string_view model() const { return judgement->facts.model; }
    // What was done with it, in the ledger's words: allow, amend, withhold, refuse.
    std::string_view decision() const;
    std::string_view ended() const; // complete, client-left, …; empty: a refusal, or not known
    bool failed() const;            // an attempt that did not complete, or was answered with an error
};

// `outcome` may be null. The entries must live as long as the event.
Event event_of(std::string_view origin, std::uint64_t index, const ledger::Intent& intent,
               const ledger::Outcome* outcome);
Event event_of(std::string_view origin, std::uint64_t index, const ledger::Refusal& refusal);

} // namespace sallyport::handover
