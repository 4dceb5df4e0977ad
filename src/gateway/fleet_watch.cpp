#include "gateway/fleet_watch.h"

namespace sallyport::gateway {

void FleetWatch::observe(const Speaker& speaker, const json::Document& document,
                         std::span<const content::OwnWords> words, std::vector<content::FleetFinding>& out) {
    std::string scratch;
    for (std::size_t place = 0; place < words.size(); ++place) {
        const content::OwnWords& one = words[place];
        const std::uint64_t key = one.name.low ^ speaker.machine * 0x9E37'79B9'7F4A'7C15;
        const std::lock_guard lock(mutex_);
        std::uint64_t& seen = seen_[key % seen_.size()];
        if (seen == key) continue;
        seen = key;
        const std::string name = "system[" + std::to_string(place) + "]";
        for (json::NodeIndex n = one.node; n < document[one.node].end_node; ++n)
            if (document[n].kind == json::Kind::string)
                fleet_.observe({speaker.client, speaker.version, name, document.text(n, scratch), speaker.machine},
                               out);
    }
}

} // namespace sallyport::gateway
