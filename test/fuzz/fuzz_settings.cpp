// Settings and start files as they lie in a home: reading ends with values on lines that are there, or with an error that has a sentence;
// what is shown of any text holds no key.
#include "endpoint/known_hosts.h"
#include "endpoint/settings.h"
#include "endpoint/settings_facts.h"
#include "endpoint/vendor_keys.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sallyport::endpoint;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto lines = 1 + static_cast<std::size_t>(std::ranges::count(text, '\n'));
    for (const Form form : {Form::json, Form::toml, Form::yaml}) {
        const auto settings = read_settings(text, form);
        if (!settings) {
            if (settings.error().message.empty()) std::abort();
            continue;
        }
        for (const FileSetting& one : *settings)
            if (one.path.empty() || one.line == 0 || one.line > lines) std::abort();
    }
    const ShellText shell = read_shell(text);
    for (const Assignment& one : shell.assignments)
        if (one.name.empty() || one.line == 0 || one.line > lines) std::abort();
    for (const Invocation& one : shell.invocations) {
        if (one.words.empty() || one.line == 0 || one.line > lines) std::abort();
        if (!vendor_keys_in(shown_command(one.words)).empty()) std::abort();
    }
    std::size_t behind = 0;
    for (const FoundKey& key : vendor_keys_in(text)) {
        if (key.begin < behind || key.end <= key.begin || key.end > text.size()) std::abort();
        behind = key.end;
    }
    if (vendor_keys_in(text).size() < vendor_keys_max && !vendor_keys_in(without_keys(text)).empty()) std::abort();
    if (!vendor_keys_in(shown_address(text)).empty()) std::abort();
    const std::string host = host_of(text);
    if (host.find_first_of("/@?# \n\"'<>") != std::string::npos || host != host_of(host)) std::abort();
    return 0;
}
