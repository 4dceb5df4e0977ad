// The fleet check at the gateway: the texts that a client itself writes into its system part, compared between the people and machines that
// use it (content/fleet.h). Each text of each of them is looked at once. From any thread.
#pragma once

#include "content/fleet.h"
#include "content/inspector.h"

#include <array>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

namespace sallyport::gateway {

class FleetWatch {
public:
    struct Speaker {
        std::string_view client, version;
        std::uint64_t machine = 0; // of person and machine, keyed elsewhere
    };
    // Appends what is known only now, of this speaker or of one before it.
    void observe(const Speaker& speaker, const json::Document& document, std::span<const content::OwnWords> words,
                 std::vector<content::FleetFinding>& out);

private:
    std::mutex mutex_;
    content::Fleet fleet_;
    std::array<std::uint64_t, 16'384>
        seen_{}; // texts that were compared, by speaker; overwritten ones are compared again, which adds nothing
};

} // namespace sallyport::gateway
