// What the ledger is told of an exchange. record_intent() is the gate of law 3: no byte of a body leaves before it returned true.
#pragma once

#include "gateway/turn.h"

namespace sallyport::gateway {

// What came of the judgement, for the metrics and, where a glass was broken, the log. Once per exchange.
void count_decision(const Turn& turn);

// Records the intent of one attempt; where the plan says durable-first, waits until it is on the disk. An error is a sentence for
// the person: the ledger cannot take it, so nothing may leave.
net::Task<Result<void>> record_intent(Turn& turn, const Upstream& upstream);

struct Attempted {
    ledger::Ended ended = ledger::Ended::complete;
    int status = 0;
    std::uint64_t answer_bytes = 0;
    crypto::Digest answer_digest{};
    std::string_view error; // a word of ours or of the dialect, never free text of a vendor
    std::int64_t first_byte_ms = -1;
    content::Inspection findings; // in what the model wrote
    std::size_t restored = 0;     // placeholders in the answer that went on as what they stand for
    bool unanswered = false;      // it failed before the client got a byte: it still is to be told
};
// Closes an attempt. Goes into the room that the ledger keeps for endings.
void record_outcome(Turn& turn, const Attempted& attempted);

// Records a refusal, or counts it as the client's own repeat of one. Returns the exchange to be shown as the reference.
std::string record_refusal(Turn& turn, dialect::RefusalKind kind, int status, std::string_view sentence);

} // namespace sallyport::gateway
