// sallyport inspect npm:NAME --all-versions FROM..TO: where a finding came and went.
#pragma once

#include <cstdint>
#include <string>

namespace sallyport::cli {

struct VersionsOptions {
    std::string client, range, registry, platform, advisory, advisory_id;
    std::uint64_t at_most = 0;
    bool json = false;
};
int inspect_versions(const VersionsOptions& options); // an exit code

// "SALLYPORT-2026-0001" gets the prefix that the OSV format asks of databases it does not list.
std::string advisory_id(const std::string& said);

} // namespace sallyport::cli
