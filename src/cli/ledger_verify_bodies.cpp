// sallyport ledger verify --bodies: is each body that was kept still the one that was recorded? Nothing of it is shown.
#include "cli/ledger_verify_bodies.h"

#include "bodies/recorded.h"
#include "cli/terminal.h"
#include "ledger/leaf_stream.h"
#include "store/holds.h"

#include <array>

namespace sallyport::cli {

namespace {

class Bodies {
public:
    Bodies(bodies::Reader& reader, std::uint64_t first, std::uint64_t end)
        : reader_(reader), first_(first), end_(end) {}

    // False: enough.
    void take(std::uint64_t index, std::string_view text) {
        if (index < first_ || index >= end_) return;
        progress_.tell(++entries_);
        const auto entry = ledger::decode(text);
        if (!entry) return; // whether entries are whole, the verification itself says
        if (const auto* intent = entry->as<ledger::Intent>()) {
            look(index, "request", intent->sent);
            if (intent->amended) look(index, "request as it came", intent->received);
        } else if (const auto* outcome = entry->as<ledger::Outcome>()) {
            look(index, "answer", outcome->answer);
        } else if (const auto* refusal = entry->as<ledger::Refusal>()) {
            look(index, "refused request", refusal->received);
        }
    }
    BodiesVerified found() && { return std::move(out_); }

private:
    void look(std::uint64_t index, const char* what, const ledger::Body& body) {
        if (body.kept == ledger::not_kept) {
            ++out_.not_kept;
        } else if (body.kept == ledger::kept_lost) {
            ++out_.lost;
        } else if (const auto bytes = bodies::recorded_body(reader_, body); bytes) {
            ++out_.whole;
            out_.bytes += bytes->size();
        } else if (bytes.error().kind == ErrorKind::refused) {
            ++out_.erased;
        } else {
            const bool is_elsewhere = bytes.error().kind == ErrorKind::io; // as a pack that was offloaded
            out_.problems.push_back({is_elsewhere ? "unreadable" : "body", index, index,
                                     "entry " + std::to_string(index) + ", " + what + ": " + bytes.error().message});
        }
    }

    bodies::Reader& reader_;
    std::uint64_t first_, end_, entries_ = 0;
    Progress progress_{"entries whose bodies were read"};
    BodiesVerified out_;
};

} // namespace

Result<BodiesVerified> verify_bodies(const identity::Installation& installation, store::State& state,
                                     std::uint64_t first, std::uint64_t end) {
    auto keys = store::open_body_keys(installation.body_keys_file(), installation.bodies_directory(), state);
    if (!keys) return std::unexpected(keys.error());
    const crypto::SealingKey wrapping(installation.keys().body_keys);
    bodies::Reader reader(installation.bodies_directory(), **keys, wrapping);
    const auto segments = ledger::list_segments(installation.ledger_directory());
    if (!segments) return std::unexpected(segments.error());
    Bodies looked(reader, first, end);
    ledger::LeafStream stream;
    for (std::size_t i = 0; i < segments->size() && (*segments)[i].first_index < end; ++i) {
        if (i + 1 < segments->size() && (*segments)[i + 1].first_index <= first) continue;
        // What cannot be read of the ledger itself, the verification tells.
        [[maybe_unused]] const auto read =
            stream.read((*segments)[i], [&](std::uint64_t index, const tlog::Digest&, std::string_view text) {
                looked.take(index, text);
            });
    }
    return std::move(looked).found();
}

} // namespace sallyport::cli
