#include "endpoint/tier.h"

#include "endpoint/view.h"

namespace sallyport::endpoint {

Result<std::vector<sandbox::Probed>> measure_tier() {
    return sandbox::probe_boundary([](const sandbox::Bait& bait) {
        ViewOptions options;
        options.workspace = bait.workspace;
        options.home = bait.home;
        options.state = bait.folder / "state";
        return view(options);
    });
}

} // namespace sallyport::endpoint
