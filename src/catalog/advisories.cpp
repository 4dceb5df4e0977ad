#include "catalog/advisories.h"

#include "base/encoding.h"
#include "base/limits.h"
#include "crypto/crypto.h"

#include <fmt/format.h>

#include <algorithm>

namespace sallyport::catalog {

namespace {

constexpr std::size_t summary_bytes_max = 160;

// One line of printable ASCII: it is said to people and stands in entries.
std::string shortened(std::string_view summary) {
    std::string out;
    for (const char c : summary.substr(0, summary_bytes_max + 1)) out += c >= 0x20 && c < 0x7F ? c : '?';
    if (out.size() > summary_bytes_max) out.replace(summary_bytes_max - 3, std::string::npos, "...");
    return out;
}

template <class Each> void each_affected(const Advisory& advisory, const Client& client, Each each) {
    for (const Affected& one : advisory.affected)
        if (client.is_published_as(one.package)) each(one);
}

bool is_about(const Advisory& advisory, const Client& client) {
    return !advisory.withdrawn() && std::ranges::any_of(advisory.affected, [&](const Affected& one) {
        return client.is_published_as(one.package);
    });
}

void sort_unique(std::vector<std::string>& versions) {
    std::ranges::sort(versions, [](const auto& a, const auto& b) { return compare_versions(a, b) < 0; });
    const auto rest =
        std::ranges::unique(versions, [](const auto& a, const auto& b) { return compare_versions(a, b) == 0; });
    versions.erase(rest.begin(), rest.end());
}

} // namespace

std::size_t Advisories::ClientCells::cell_of(std::string_view version) const {
    const VersionKey key(version);
    const auto at =
        std::ranges::lower_bound(keys, key, [](const auto& a, const auto& b) { return compare_versions(a, b) < 0; });
    const auto index = static_cast<std::size_t>(at - keys.begin());
    return 2 * index + (at != keys.end() && compare_versions(*at, key) == 0 ? 1 : 0);
}

// Calls `mark` with each of the client's cells that are affected. Between two versions that a range names it says the same of all.
template <class Mark> void Advisories::ClientCells::each_covered(const Affected& affected, Mark mark) const {
    for (const std::string& version : affected.versions) mark(cell_of(version));
    for (const Range& range : affected.ranges) {
        std::vector<std::size_t> at, starts{0};
        for (const Event& event : range) {
            at.push_back(is_version(event.version) ? cell_of(event.version) : 0);
            starts.insert(starts.end(), {at.back(), at.back() + 1});
        }
        starts.push_back(2 * bounds.size() + 1);
        std::ranges::sort(starts);
        for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
            if (starts[i] == starts[i + 1]) continue;
            const auto order = [&](const Event& event) {
                return starts[i] <=> at[static_cast<std::size_t>(&event - range.data())];
            };
            if (!in_range(range, order)) continue;
            for (std::size_t cell = starts[i]; cell < starts[i + 1]; ++cell) mark(cell);
        }
    }
}

Result<void> Advisories::compile(const Client& client, ClientCells& into) const {
    std::vector<std::size_t> ours;
    std::vector<std::string> fixes;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        if (!is_about(all_[i], client)) continue;
        ours.push_back(i);
        each_affected(all_[i], client, [&](const Affected& one) {
            into.bounds.insert(into.bounds.end(), one.versions.begin(), one.versions.end());
            for (const Range& range : one.ranges)
                for (const Event& event : range) {
                    if (is_version(event.version)) into.bounds.push_back(event.version);
                    if (event.kind == Event::Kind::fixed) fixes.push_back(event.version);
                }
        });
    }
    if (ours.size() > limits::advisories_per_client_max || into.bounds.size() > limits::advisory_bounds_per_client_max)
        return fail(ErrorKind::too_large,
                    fmt::format("{} advisories that name {} versions are about {}; at most {} and {} are supported",
                                ours.size(), into.bounds.size(), client.name, limits::advisories_per_client_max,
                                limits::advisory_bounds_per_client_max));
    sort_unique(into.bounds);
    sort_unique(fixes);
    for (const std::string& bound : into.bounds) into.keys.emplace_back(bound);
    into.cells.resize(2 * into.bounds.size() + 1);
    std::ranges::sort(ours, [&](std::size_t a, std::size_t b) {
        return all_[a].modified_ms != all_[b].modified_ms ? all_[a].modified_ms > all_[b].modified_ms : a < b;
    });
    for (const std::size_t i : ours)
        each_affected(all_[i], client, [&](const Affected& one) {
            into.each_covered(one, [&](std::size_t cell) {
                if (into.cells[cell].id.empty()) into.cells[cell] = {all_[i].id, summaries_[i], {}};
            });
        });
    // From above: the nearest version that mends something and that none covers.
    std::string_view fixed;
    for (std::size_t cell = into.cells.size(), fix = fixes.size(); cell-- > 0;) {
        for (; fix > 0 && into.cell_of(fixes[fix - 1]) > cell; --fix)
            if (const auto of_fix = into.cell_of(fixes[fix - 1]); into.cells[of_fix].id.empty())
                fixed = into.bounds[of_fix / 2];
        if (!into.cells[cell].id.empty()) into.cells[cell].fixed = fixed;
    }
    for (const Covering& one : into.cells)
        if (into.first == nullptr && !one.id.empty()) into.first = &one;
    return {};
}

Result<std::shared_ptr<const Advisories>> Advisories::make(std::vector<Advisory> all) {
    auto out = std::make_shared<Advisories>();
    std::ranges::sort(all, [](const Advisory& a, const Advisory& b) {
        return a.id != b.id ? a.id < b.id : a.modified_ms > b.modified_ms;
    });
    const auto older = std::ranges::unique(all, {}, &Advisory::id);
    all.erase(older.begin(), older.end());
    if (all.size() > limits::advisories_max)
        return fail(ErrorKind::too_large, fmt::format("there are {} advisories; at most {} are supported", all.size(),
                                                      limits::advisories_max));
    out->all_ = std::move(all);
    crypto::Sha256 digest;
    for (const Advisory& one : out->all_) {
        digest.add(fmt::format("{}\n", one.text.size()));
        digest.add(one.text);
        out->summaries_.push_back(shortened(one.summary));
    }
    if (!out->all_.empty()) out->digest_ = "sha256:" + to_hex(crypto::bytes(digest.finish()));
    for (const Client& client : clients()) {
        ClientCells cells;
        cells.client = client.name;
        if (auto made = out->compile(client, cells); !made) return std::unexpected(made.error());
        if (cells.first != nullptr) out->clients_.push_back(std::move(cells));
    }
    return out;
}

const Covering* Advisories::covering(std::string_view client, std::string_view version) const {
    for (const ClientCells& one : clients_) {
        if (one.client != client) continue;
        if (!is_version(version)) return one.first;
        const Covering& found = one.cells[one.cell_of(version)];
        return found.id.empty() ? nullptr : &found;
    }
    return nullptr;
}

std::vector<const Advisory*> Advisories::all_covering(std::string_view client, std::string_view version) const {
    std::vector<const Advisory*> out;
    const Client* const known = client_named(client);
    for (const Advisory& one : all_)
        if (known != nullptr && !one.withdrawn() && is_version(version) &&
            std::ranges::any_of(one.affected, [&](const Affected& affected) {
                return known->is_published_as(affected.package) && affected.covers(version);
            }))
            out.push_back(&one);
    std::ranges::sort(out, [](const Advisory* a, const Advisory* b) {
        return a->modified_ms != b->modified_ms ? a->modified_ms > b->modified_ms : a->id < b->id;
    });
    return out;
}

const Advisory* Advisories::named(std::string_view id) const {
    for (const Advisory& one : all_)
        if (one.id == id) return &one;
    for (const Advisory& one : all_)
        if (std::ranges::find(one.aliases, id) != one.aliases.end()) return &one;
    return nullptr;
}

} // namespace sallyport::catalog
