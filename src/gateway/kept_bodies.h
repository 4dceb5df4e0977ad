// The bodies of one attempt, where the policy says that bodies of its class are kept: the request as it leaves, the answer as it comes.
#pragma once

#include "bodies/writer.h"
#include "dialect/dialect.h"
#include "json/document.h"
#include "ledger/entry.h"

#include <span>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

class KeptBodies {
public:
    KeptBodies(bodies::Writer& writer, store::BodyPlace place) : writer_(writer), place_(std::move(place)) {}

    // The number of its chunk, for the ledger; ledger::kept_lost where the limit of what is kept was reached. `cuts`: where its parts begin that may be repeated by later requests.
    Result<std::int64_t> request(std::string_view body, std::span<const std::uint32_t> cuts);

    void answer(std::string_view bytes); // as they come
    // The number of its chunk; ledger::kept_lost where something of it could not be kept.
    std::int64_t answer_ends();
    ledger::Lost why_lost() const { return lost_; } // of the answer

private:
    bodies::Writer& writer_;
    store::BodyPlace place_;
    std::string answer_; // not handed over yet
    std::vector<bodies::Run> parts_;
    ledger::Lost lost_ = ledger::Lost::not_said;
};

// Where a body may be cut: where its units begin and end, so that the last one is the same piece when more follows it.
void cut_at_units(const json::Document& document, std::span<const dialect::Unit> units,
                  std::vector<std::uint32_t>& cuts);
// The same where no document tells of it: behind each object of a list.
void cut_between_objects(std::string_view body, std::vector<std::uint32_t>& cuts);

} // namespace sallyport::gateway
