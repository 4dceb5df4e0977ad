#include "lab/findings.h"

#include "base/limits.h"

namespace sallyport::lab {

void Findings::add(Finding finding, std::size_t offset) {
    finding.place = place_;
    finding.place.offset += offset;
    std::string key = std::string(name_of(finding.kind)) + '\n' + finding.how + '\n' + finding.text;
    if (const auto known = seen_.find(key); known != seen_.end()) {
        Finding& first = found_[known->second];
        ++first.times;
        // Source says more than the compiled copy of it that stands beside.
        if (first.confidence < finding.confidence) {
            finding.times = first.times;
            first = std::move(finding);
        }
        return;
    }
    if (found_.size() >= limits::client_concealed_max) {
        ++left_out_;
        return;
    }
    seen_.emplace(std::move(key), found_.size());
    found_.push_back(std::move(finding));
}

} // namespace sallyport::lab
