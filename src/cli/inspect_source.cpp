#include "cli/inspect_source.h"

#include "cli/terminal.h"

namespace sallyport::cli {

Result<InspectSource> find_client(const std::string& client, const std::string& registry, const std::string& platform) {
    InspectSource out{client, {}};
    if (!is_package_name(client)) return out;
    const auto name = package_name(client);
    if (!name) return std::unexpected(name.error());
    const auto found = Registry::find(registry);
    if (!found) return std::unexpected(found.error());
    auto fetched = found->fetch(*name, platform);
    if (!fetched) return std::unexpected(fetched.error());
    out.packages = std::move(*fetched);
    return out;
}

Result<lab::Inspection> inspected(const InspectSource& source) {
    Progress progress("bytes");
    const auto tell = [&](std::uint64_t bytes) { progress.tell(bytes); };
    if (source.packages.empty()) return lab::inspect(source.client, tell);
    std::vector<lab::NamedPackage> packages;
    for (const FetchedPackage& one : source.packages)
        packages.push_back({packages.empty() ? "" : one.name + "@" + one.version + "/", one.bytes});
    return lab::inspect_packages(packages, source.client, tell);
}

Result<lab::Runnable> subject_of(const InspectSource& source, const lab::RunnableOptions& options) {
    if (!options.command.empty()) return lab::Runnable::of_command(options);
    if (source.packages.empty()) return lab::Runnable::of(source.client, options);
    std::vector<std::string_view> packages;
    for (const FetchedPackage& one : source.packages) packages.emplace_back(one.bytes);
    return lab::Runnable::of_packages(packages, options);
}

} // namespace sallyport::cli
