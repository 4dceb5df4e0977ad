#include "gateway/kept_bodies.h"

#include "base/limits.h"

namespace sallyport::gateway {

Result<std::int64_t> KeptBodies::request(std::string_view body, std::span<const std::uint32_t> cuts) {
    const auto number = writer_.keep(place_, body, cuts);
    if (!number) return std::unexpected(number.error());
    return static_cast<std::int64_t>(*number);
}

void KeptBodies::answer(std::string_view bytes) {
    if (lost_ != ledger::Lost::not_said) return;
    answer_ += bytes;
    if (answer_.size() < limits::answer_part_bytes) return;
    const auto part = writer_.keep_part(place_, answer_);
    answer_.clear();
    if (part && part->chunk != 0)
        parts_.push_back(*part);
    else
        lost_ = part ? ledger::Lost::limit : ledger::Lost::disk;
}

std::int64_t KeptBodies::answer_ends() {
    if (lost_ != ledger::Lost::not_said) return ledger::kept_lost;
    const auto number = writer_.finish(place_, parts_, answer_);
    answer_ = {};
    if (!number || *number == 0) lost_ = number ? ledger::Lost::limit : ledger::Lost::disk;
    return number ? static_cast<std::int64_t>(*number) : ledger::kept_lost;
}

void cut_at_units(const json::Document& document, std::span<const dialect::Unit> units,
                  std::vector<std::uint32_t>& cuts) {
    for (std::size_t i = 0; i < units.size(); ++i) {
        const json::Node& node = document[units[i].node];
        cuts.push_back(node.begin);
        const bool is_last = i + 1 == units.size();
        if (is_last || node.end <= document[units[i + 1].node].begin) cuts.push_back(node.end); // none stands within it
    }
}

void cut_between_objects(std::string_view body, std::vector<std::uint32_t>& cuts) {
    for (std::size_t at = body.find('}'); at != std::string_view::npos; at = body.find('}', at + 1)) {
        const std::string_view rest = body.substr(at + 1, 2);
        if (rest == ",{" || rest.starts_with(']')) cuts.push_back(static_cast<std::uint32_t>(at + 1));
    }
}

} // namespace sallyport::gateway
