#include "content/rules.h"

#include "content/client_marker.h"
#include "content/hidden.h"

#include <array>
#include <cstring>
#include <malloc.h>
#include <map>

namespace sallyport::content {

namespace {
// By state: client_marker.h says what each discloses.
constexpr std::array<std::string_view, marker_states> client_marker_names = {
    "client-marker",      "client-marker-host",      "client-marker-lab",      "client-marker-host-lab",
    "client-marker-zone", "client-marker-host-zone", "client-marker-lab-zone", "client-marker-host-lab-zone"};
constexpr std::uint32_t first_client_marker = hidden_rules;
constexpr std::uint32_t attachment = first_client_marker + marker_states;
constexpr std::uint32_t fleet_difference = attachment + 1;

std::vector<std::string> fixed_names() {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < hidden_rules; ++i) names.emplace_back(name(static_cast<HiddenRule>(i)));
    names.insert(names.end(), client_marker_names.begin(), client_marker_names.end());
    names.emplace_back("attachment");
    names.emplace_back("fleet-difference");
    return names;
}
} // namespace

std::uint32_t Rules::number_of_client_marker(std::uint32_t state) {
    return first_client_marker + state % marker_states;
}
std::uint32_t Rules::number_of_attachment() { return attachment; }
std::uint32_t Rules::number_of_fleet_difference() { return fleet_difference; }

Result<std::shared_ptr<const Rules>> Rules::load(std::span<const RuleFile> own, bool personal_data,
                                                 const Rules* before) {
    auto files = built_in_secret_rules();
    if (!files) return std::unexpected(files.error());
    if (personal_data) {
        auto personal = built_in_personal_rules();
        if (!personal) return std::unexpected(personal.error());
        files->push_back(std::move(*personal));
    }
    files->insert(files->end(), own.begin(), own.end());
    auto made = std::make_shared<Rules>();
    auto secrets = SecretRules::compile(*files);
    if (!secrets) return std::unexpected(secrets.error());
    if (const auto tested = self_test(*secrets, *files); !tested) return std::unexpected(tested.error());
    // What the test left in the caches of three hundred expressions is 20 MB that nobody needs again.
    secrets = SecretRules::compile(*files);
    if (!secrets) return std::unexpected(secrets.error());
    made->secrets_ = std::move(*secrets);
    ::malloc_trim(0);

    made->names_ = before == nullptr ? fixed_names() : before->names_;
    std::map<std::string, std::uint32_t, std::less<>> known;
    for (std::uint32_t i = 0; i < made->names_.size(); ++i) known.emplace(made->names_[i], i);
    for (std::uint32_t rule = 0; rule < made->secrets_->size(); ++rule) {
        const auto [at, is_new] = known.emplace(made->secrets_->rule_id(rule), made->names_.size());
        if (is_new) made->names_.push_back(at->first);
        made->secret_numbers_.push_back(at->second);
    }
    std::memcpy(&made->epoch_, made->secrets_->digest().data(), sizeof made->epoch_);
    return made;
}

std::shared_ptr<const Rules> Rules::with_code(std::shared_ptr<const CodeIndex> code, std::vector<bool> open) const {
    auto made = std::make_shared<Rules>(*this);
    std::string seen = std::to_string(epoch_) + "\n" + std::to_string(code->serial()) + "\n";
    for (std::size_t i = 0; i < open.size(); ++i)
        seen += std::string(code->repository(static_cast<std::uint32_t>(i))) + (open[i] ? " open\n" : "\n");
    const crypto::Digest digest = crypto::sha256(seen);
    std::memcpy(&made->epoch_, digest.data(), sizeof made->epoch_);
    made->code_ = code->segments() == 0 ? nullptr : std::move(code);
    made->open_ = std::move(open);
    return made;
}

} // namespace sallyport::content
