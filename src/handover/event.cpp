#include "handover/event.h"

#include "ledger/words.h"

namespace sallyport::handover {

std::string_view Event::decision() const {
    if (kind == Kind::refusal) return "refuse";
    return ledger::word(judgement->decision);
}

std::string_view Event::ended() const { return outcome == nullptr ? std::string_view() : ledger::word(outcome->ended); }

bool Event::failed() const {
    if (kind == Kind::refusal) return false;
    return outcome == nullptr || outcome->ended != ledger::Ended::complete || status >= 400;
}

Event event_of(std::string_view origin, std::uint64_t index, const ledger::Intent& intent,
               const ledger::Outcome* outcome) {
    Event out;
    out.kind = Event::Kind::attempt;
    out.origin = origin;
    out.index = index;
    out.exchange = intent.exchange;
    out.attempt = intent.attempt;
    out.begin_ms = intent.at_ms;
    out.judged = true;
    out.judgement = &intent.judgement;
    out.request = &intent.request;
    out.person = intent.judgement.facts.person;
    out.team = intent.judgement.facts.team;
    out.dialect = intent.judgement.facts.dialect;
    out.upstream = intent.upstream;
    out.sent = intent.sent;
    out.outcome = outcome;
    if (outcome != nullptr) {
        out.end_ms = outcome->at_ms;
        out.status = outcome->status;
    }
    return out;
}

Event event_of(std::string_view origin, std::uint64_t index, const ledger::Refusal& refusal) {
    Event out;
    out.kind = Event::Kind::refusal;
    out.origin = origin;
    out.index = index;
    out.exchange = refusal.exchange;
    out.begin_ms = out.end_ms = refusal.at_ms;
    out.judged = refusal.judged;
    out.judgement = &refusal.judgement;
    out.request = &refusal.request;
    out.person = refusal.judged ? refusal.judgement.facts.person : refusal.person;
    out.team = refusal.judged ? refusal.judgement.facts.team : refusal.team;
    out.dialect = refusal.judged ? refusal.judgement.facts.dialect : refusal.dialect;
    out.sent = refusal.received;
    out.refused_because = ledger::word(refusal.why);
    out.status = refusal.status;
    out.sentence = refusal.sentence;
    return out;
}

} // namespace sallyport::handover
