#include "cli/discover_commands.h"
#include "cli/terminal.h"
namespace sallyport::cli {
int discover_fleet(const FoundOptions&) { return complain("not yet"); }
int discover_logs(const FoundOptions&) { return complain("not yet"); }
int discover_rules(const FoundOptions&) { return complain("not yet"); }
} // namespace sallyport::cli
