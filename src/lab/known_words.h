// Tables of words by which the inventory knows what a name is for. They name kinds of services, never a client.
#pragma once

#include <array>
#include <string_view>

namespace sallyport::lab {

struct Kit {
    std::string_view name;
    std::string_view host;       // it, or what ends with "." and it
    std::string_view key_prefix; // of a literal that is a key of this kit; empty: not known by its form
    std::size_t key_bytes = 0;   // of the rest, hexadecimal or letters and digits
};
inline constexpr auto telemetry_kits = std::to_array<Kit>({
    {"Datadog", "datadoghq.com", "pub", 32},
    {"Datadog", "datadoghq.eu", "", 0},
    {"Sentry", "sentry.io", "", 0},
    {"Statsig", "statsigapi.net", "client-", 40},
    {"Statsig", "featuregates.org", "", 0},
    {"GrowthBook", "growthbook.io", "sdk-", 16},
    {"PostHog", "posthog.com", "phc_", 43},
    {"Segment", "segment.io", "", 0},
    {"Segment", "segment.com", "", 0},
    {"Amplitude", "amplitude.com", "", 0},
    {"Mixpanel", "mixpanel.com", "", 0},
    {"Google Clearcut", "play.googleapis.com", "", 0},
    {"Google Analytics", "google-analytics.com", "", 0},
    {"Application Insights", "applicationinsights.azure.com", "", 0},
    {"Application Insights", "services.visualstudio.com", "", 0},
    {"Aliyun RUM", "rum.aliyuncs.com", "", 0},
    {"Aliyun Log Service", "log.aliyuncs.com", "", 0},
    {"LaunchDarkly", "launchdarkly.com", "", 0},
    {"Honeycomb", "honeycomb.io", "", 0},
    {"New Relic", "newrelic.com", "", 0},
    {"New Relic", "nr-data.net", "", 0},
    {"Bugsnag", "bugsnag.com", "", 0},
    {"Rollbar", "rollbar.com", "", 0},
    {"Azure experimentation", "exp-tas.com", "", 0},
    {"GitHub telemetry", "copilot-telemetry.githubusercontent.com", "", 0},
    {"GitHub telemetry", "collector.github.com", "", 0},
});

// Words in a switch ("--x"), a variable or a setting that loosen or tighten what a client may do.
inline constexpr auto permission_words = std::to_array<std::string_view>(
    {"dangerously", "bypass", "skip-permission", "skippermission", "yolo", "sandbox", "approval", "unsafe", "allow-all",
     "allowall", "auto-approve", "autoapprove", "trust", "danger-full-access", "no-verify"});
inline constexpr auto update_words = std::to_array<std::string_view>(
    {"autoupdat", "auto-updat", "auto_updat", "selfupdat", "self-updat", "self_updat", "check_for_update",
     "checkforupdate", "releases/latest", "install -g", "update-notifier", "disable_update", "upgrade-available"});
inline constexpr auto path_beginnings =
    std::to_array<std::string_view>({"/etc/", "/proc/", "/sys/", "/var/", "/Library/", "~/", "/.ssh", "/.aws", ".ssh/",
                                     ".aws/", "/dev/", "C:\\", "%APPDATA%"});
inline constexpr auto starting_calls = std::to_array<std::string_view>(
    {"exec(", "execSync(", "execFile(", "execFileSync(", "spawn(", "spawnSync(", "execa(", "execaSync("});

} // namespace sallyport::lab
