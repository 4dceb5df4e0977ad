// discover.h: what `sallyport run` leaves behind: a home for each client that it started.
#include "base/clock.h"
#include "endpoint/clients.h"
#include "endpoint/discover.h"

#include <algorithm>
#include <sys/stat.h>

namespace sallyport::endpoint {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t recent_ms = 30LL * 86'400'000;

std::int64_t changed_ms(const fs::path& path) {
    struct stat status{};
    return ::lstat(path.c_str(), &status) == 0 ? static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1000 : 0;
}

} // namespace

void find_launched(Look& look) {
    for (const fs::path& home : look.tree.homes())
        for (const fs::path& path : look.tree.find(home, ".local/state/sallyport/homes/*")) {
            const Client* client = find_client(path.filename().native());
            if (client == nullptr) continue;
            std::int64_t last = changed_ms(path);
            for (const char* pattern : {"*", "*/*"})
                for (const fs::path& inside : look.tree.find(path, pattern)) last = std::max(last, changed_ms(inside));
            FoundFact fact{.kind = FactKind::base_url, .client = std::string(client->name), .what = "sallyport run"};
            fact.value = "started by the launcher, last on " + rfc3339(last).substr(0, 10);
            fact.place = look.tree.shown(path);
            fact.known_by = "the home that the launcher keeps for it";
            fact.governed = true;
            fact.effective = last > look.options.now_ms - recent_ms;
            look.add(std::move(fact));
        }
}

} // namespace sallyport::endpoint
