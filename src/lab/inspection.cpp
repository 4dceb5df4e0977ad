#include "lab/inspection.h"

#include "base/encoding.h"
#include "base/limits.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "lab/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace sallyport::lab {

namespace {

using Progress = std::function<void(std::uint64_t bytes)>;

bool is_release_notes(std::string_view path) {
    const auto slash = path.rfind('/');
    const std::string name = to_lower(slash == std::string_view::npos ? path : path.substr(slash + 1));
    return std::ranges::count(path, '/') <= 1 && (name.starts_with("changelog") || name.starts_with("release-notes"));
}

class Inspecting {
public:
    explicit Inspecting(const Progress& progress) : progress_(progress) {}

    void look_at(const std::string& path, std::string_view bytes) {
        InspectedFile file{path, bytes.size(), to_hex(crypto::bytes(crypto::sha256(bytes))),
                           std::string(name_of(form_of(bytes))), 0};
        if (is_manifest(path))
            if (auto mistake = read_manifest(path, bytes, result.package); !mistake.empty())
                mistakes.push_back(std::move(mistake));
        if (is_release_notes(path) && bytes.size() <= limits::client_manifest_bytes_max) result.notes.append(bytes);
        if (form_of(bytes) != Form::text) file.embedded = embedded_files(bytes).size();
        scanner_.scan(path, bytes);
        result.files.push_back(std::move(file));
        done_ += bytes.size();
        progress_(done_);
    }

    Inspection finish(Walked walked) {
        result.walked = std::move(walked);
        for (std::string& mistake : mistakes) result.walked.problems.push_back(std::move(mistake));
        result.coverage = std::move(scanner_.coverage());
        const auto left_out = scanner_.findings().left_out() + scanner_.inventory().left_out();
        if (left_out > 0)
            result.coverage.not_covered[fmt::format("findings and names beyond the limits of {} and {}",
                                                    limits::client_concealed_max, limits::client_names_max)] = left_out;
        result.findings = scanner_.findings().take();
        result.groups = group(result.findings);
        result.names = scanner_.inventory().take();
        return std::move(result);
    }

    Inspection result;
    std::vector<std::string> mistakes;

private:
    const Progress& progress_;
    Scanner scanner_;
    std::uint64_t done_ = 0;
};

} // namespace

std::string_view name_of(Group::Verdict verdict) {
    switch (verdict) {
    case Group::Verdict::marker: return "suspected marker";
    case Group::Verdict::concealed: return "concealed";
    case Group::Verdict::notable: return "notable";
    case Group::Verdict::mention: return "mention";
    }
    return "";
}

std::string Inspection::title() const {
    return package.name.empty() ? path : package.name + (package.version.empty() ? "" : " " + package.version);
}

bool Inspection::found_something() const {
    return std::ranges::any_of(groups, [](const Group& one) { return one.verdict <= Group::Verdict::concealed; });
}

std::string Inspection::verdict() const {
    const auto count = [&](Group::Verdict verdict) { return std::ranges::count(groups, verdict, &Group::verdict); };
    const auto markers = count(Group::Verdict::marker), concealed = count(Group::Verdict::concealed);
    const std::string looked =
        fmt::format("{} files, {:.1f} MB", coverage.files, static_cast<double>(coverage.bytes) / 1e6);
    std::string out;
    if (markers > 0)
        out = fmt::format("{} contains {} that can mark what it sends: {}.", title(),
                          markers == 1 ? "code" : fmt::format("code in {} places", markers), groups.front().sentence);
    else if (concealed > 0)
        out = fmt::format("{} conceals something in {} {}: {}.", title(), concealed,
                          concealed == 1 ? "place" : "places", groups.front().sentence);
    else
        out = fmt::format("Nothing concealed was found in {} ({}), by what is looked for.", title(), looked);
    if (!walked.whole) out += " It could not be looked at as a whole.";
    return out;
}

Result<Inspection> inspect(const std::filesystem::path& path, const Progress& progress) {
    Inspecting inspecting(progress);
    inspecting.result.path = path.string();
    auto walked =
        walk_client(path, [&](const std::string& name, std::string_view bytes) { inspecting.look_at(name, bytes); });
    if (!walked) return std::unexpected(walked.error());
    return inspecting.finish(std::move(*walked));
}

Result<Inspection> inspect_packages(std::span<const NamedPackage> packages, std::string name,
                                    const Progress& progress) {
    Inspecting inspecting(progress);
    inspecting.result.path = std::move(name);
    Walked all{.form = "package", .problems = {}};
    for (const NamedPackage& package : packages) {
        auto walked = walk_package(package.bytes, [&](const std::string& path, std::string_view bytes) {
            inspecting.look_at(package.prefix + path, bytes);
        });
        if (!walked) return std::unexpected(walked.error());
        all.whole = all.whole && walked->whole;
        std::ranges::move(walked->problems, std::back_inserter(all.problems));
    }
    return inspecting.finish(std::move(all));
}

} // namespace sallyport::lab
