// Which client is inspected: a path, or packages fetched from a registry by "npm:NAME@VERSION", once for all that is done with them.
#pragma once

#include "cli/registry.h"
#include "lab/inspection.h"
#include "lab/runnable.h"

#include <string>
#include <vector>

namespace sallyport::cli {

struct InspectSource {
    std::string client;
    std::vector<FetchedPackage> packages; // of a registry; the first is the client's own
};

Result<InspectSource> find_client(const std::string& client, const std::string& registry, const std::string& platform);
Result<lab::Inspection> inspected(const InspectSource& source); // shows its progress
Result<lab::Runnable> subject_of(const InspectSource& source, const lab::RunnableOptions& options);

} // namespace sallyport::cli
