#include "endpoint/known_hosts.h"

#include "base/network.h"
#include "base/text.h"
#include "endpoint/vendor_keys.h"
#include "policy/egress.h"

#include <algorithm>
#include <cctype>
#include <vector>

namespace sallyport::endpoint {

namespace {

constexpr std::string_view on_the_wire = "docs/clients.md: seen on the wire, 2026-11-22";
constexpr std::string_view its_offer = "what it offers in public; not checked by us";
constexpr std::string_view their_pages = "the address that the vendor publishes; not measured here";

using enum HostKind;

// Third parties: what they say of themselves, or in which tables of open clients they stand as a router between the two.
constexpr KnownHost table[] = {
    {"api.anthropic.com", vendor, "Anthropic", "measured", on_the_wire},
    {"claude.ai", vendor, "Anthropic", "vendor-statement", their_pages},
    {"*.claude.ai", vendor, "Anthropic", "vendor-statement", their_pages},
    {"claude.com", service, "Anthropic", "vendor-statement", their_pages},
    {"platform.claude.com", service, "Anthropic", "reported", "lpezet/secure-agent-lab#119, 2026"},
    {"console.anthropic.com", service, "Anthropic", "vendor-statement", their_pages},
    {"statsig.anthropic.com", service, "Anthropic", "reported", "lpezet/secure-agent-lab#119, 2026"},
    {"downloads.claude.ai", service, "Anthropic", "reported", "lpezet/secure-agent-lab#119, 2026"},
    {"mcp-proxy.anthropic.com", service, "Anthropic", "vendor-statement", their_pages},
    {"http-intake.logs.us5.datadoghq.com", service, "Anthropic (Datadog)", "reported",
     "lpezet/secure-agent-lab#119, 2026"},
    {"api.openai.com", vendor, "OpenAI", "measured", on_the_wire},
    {"chatgpt.com", vendor, "OpenAI", "measured", on_the_wire},
    {"*.chatgpt.com", service, "OpenAI", "measured", on_the_wire},
    {"auth.openai.com", service, "OpenAI", "vendor-statement", their_pages},
    {"*.api.openai.com", vendor, "OpenAI", "vendor-statement", their_pages},
    {"*.openai.azure.com", vendor, "Microsoft Azure OpenAI", "vendor-statement", their_pages},
    {"*.services.ai.azure.com", vendor, "Microsoft Foundry", "vendor-statement", their_pages},
    {"models.github.ai", vendor, "GitHub Models", "vendor-statement", their_pages},
    {"models.inference.ai.azure.com", vendor, "GitHub Models", "vendor-statement", their_pages},
    {"generativelanguage.googleapis.com", vendor, "Google", "measured", on_the_wire},
    {"cloudcode-pa.googleapis.com", vendor, "Google", "vendor-statement", their_pages},
    {"aiplatform.googleapis.com", vendor, "Google Vertex AI", "vendor-statement", their_pages},
    {"*.aiplatform.googleapis.com", vendor, "Google Vertex AI", "vendor-statement", their_pages},
    {"gemini.google.com", vendor, "Google", "vendor-statement", their_pages},
    {"aistudio.google.com", vendor, "Google", "vendor-statement", their_pages},
    {"play.googleapis.com", service, "Google (also others' logs)", "measured", on_the_wire},
    {"*.githubcopilot.com", vendor, "GitHub Copilot", "vendor-statement", their_pages},
    {"copilot-proxy.githubusercontent.com", vendor, "GitHub Copilot", "vendor-statement", their_pages},
    {"copilot-telemetry.githubusercontent.com", service, "GitHub Copilot", "vendor-statement", their_pages},
    {"dashscope.aliyuncs.com", vendor, "Alibaba Qwen", "vendor-statement", their_pages},
    {"dashscope-intl.aliyuncs.com", vendor, "Alibaba Qwen", "vendor-statement", their_pages},
    {"coding.dashscope.aliyuncs.com", vendor, "Alibaba Qwen", "vendor-statement", their_pages},
    {"portal.qwen.ai", vendor, "Alibaba Qwen", "vendor-statement", their_pages},
    {"chat.qwen.ai", vendor, "Alibaba Qwen", "vendor-statement", their_pages},
    {"gb4w8c3ygj-default-sea.rum.aliyuncs.com", service, "Qwen Code telemetry", "measured", on_the_wire},
    {"models.opencode.ai", service, "OpenCode", "measured", on_the_wire},
    {"models.dev", service, "OpenCode", "reported", "older versions of OpenCode, 2026"},
    {"opencode.ai", vendor, "OpenCode Zen", "vendor-statement", their_pages},
    {"api.deepseek.com", vendor, "DeepSeek", "vendor-statement", their_pages},
    {"api.moonshot.cn", vendor, "Moonshot", "vendor-statement", their_pages},
    {"api.moonshot.ai", vendor, "Moonshot", "vendor-statement", their_pages},
    {"open.bigmodel.cn", vendor, "Zhipu", "vendor-statement", their_pages},
    {"api.z.ai", vendor, "Zhipu", "vendor-statement", their_pages},
    {"api.minimax.io", vendor, "MiniMax", "vendor-statement", their_pages},
    {"ark.cn-beijing.volces.com", vendor, "ByteDance", "vendor-statement", their_pages},
    {"qianfan.baidubce.com", vendor, "Baidu", "vendor-statement", their_pages},
    {"api.mistral.ai", vendor, "Mistral", "vendor-statement", their_pages},
    {"codestral.mistral.ai", vendor, "Mistral", "vendor-statement", their_pages},
    {"api.x.ai", vendor, "xAI", "vendor-statement", their_pages},
    {"api.groq.com", vendor, "Groq", "vendor-statement", their_pages},
    {"api.cerebras.ai", vendor, "Cerebras", "vendor-statement", their_pages},
    {"api.cohere.com", vendor, "Cohere", "vendor-statement", their_pages},
    {"api.perplexity.ai", vendor, "Perplexity", "vendor-statement", their_pages},
    {"api.together.xyz", vendor, "Together", "vendor-statement", their_pages},
    {"api.fireworks.ai", vendor, "Fireworks", "vendor-statement", their_pages},
    {"api.deepinfra.com", vendor, "DeepInfra", "vendor-statement", their_pages},
    {"api.siliconflow.cn", vendor, "SiliconFlow", "vendor-statement", their_pages},
    {"router.huggingface.co", vendor, "Hugging Face", "vendor-statement", their_pages},
    {"integrate.api.nvidia.com", vendor, "NVIDIA", "vendor-statement", their_pages},
    {"bedrock-runtime.us-east-1.amazonaws.com", vendor, "Amazon Bedrock", "vendor-statement", their_pages},
    {"bedrock-runtime.us-west-2.amazonaws.com", vendor, "Amazon Bedrock", "vendor-statement", their_pages},
    {"bedrock-runtime.eu-central-1.amazonaws.com", vendor, "Amazon Bedrock", "vendor-statement", their_pages},
    {"bedrock-runtime.eu-west-1.amazonaws.com", vendor, "Amazon Bedrock", "vendor-statement", their_pages},
    {"*.cursor.sh", vendor, "Cursor", "vendor-statement", their_pages},
    {"cursor.com", service, "Cursor", "vendor-statement", their_pages},
    {"server.codeium.com", vendor, "Windsurf", "vendor-statement", their_pages},
    {"*.codeium.com", vendor, "Windsurf", "vendor-statement", their_pages},
    {"ampcode.com", vendor, "Amp", "vendor-statement", their_pages},
    {"*.augmentcode.com", vendor, "Augment", "vendor-statement", their_pages},
    {"api.jetbrains.ai", vendor, "JetBrains AI", "vendor-statement", their_pages},
    {"openrouter.ai", third_party, "OpenRouter", "vendor-statement",
     "its quick start: one endpoint to models of many vendors, 2026-11-28"},
    {"*.openrouter.ai", third_party, "OpenRouter", "vendor-statement",
     "its quick start: one endpoint to models of many vendors, 2026-11-28"},
    {"gateway.ai.cloudflare.com", third_party, "Cloudflare AI Gateway", "vendor-statement",
     "its pages on providers, 2026-11-28"},
    {"ai-gateway.vercel.sh", third_party, "Vercel AI Gateway", "community",
     "the base URL of open projects that use it, 2026-11-28"},
    {"aihubmix.com", third_party, "AiHubMix", "community", "a provider table of LobeHub: a router, 2026-11-28"},
    {"*.aihubmix.com", third_party, "AiHubMix", "community", "a provider table of LobeHub: a router, 2026-11-28"},
    {"api.portkey.ai", third_party, "Portkey", "vendor-statement", "its gateway's README, 2026-05-25"},
    {"*.helicone.ai", third_party, "Helicone", "vendor-statement", "its gateway's README, 2025-07-30"},
    {"api.acedata.cloud", third_party, "Ace Data Cloud", "community",
     "AceDataCloud/Nexior#319: as a proxy for Anthropic, 2026-02-15"},
    {"router.requesty.ai", third_party, "Requesty", "community", its_offer},
    {"api.aimlapi.com", third_party, "AI/ML API", "community", its_offer},
    {"api.poe.com", third_party, "Poe", "community", its_offer},
    {"api.302.ai", third_party, "302.AI", "community", its_offer},
    {"api.unify.ai", third_party, "Unify", "community", its_offer},
    {"api.edenai.run", third_party, "Eden AI", "community", its_offer},
    {"api.glama.ai", third_party, "Glama", "community", its_offer},
    {"glama.ai", third_party, "Glama", "community", its_offer},
    {"api.chatanywhere.tech", third_party, "ChatAnywhere", "community", its_offer},
    {"api.openai-proxy.org", third_party, "CloseAI", "community", its_offer},
};

std::string_view without_scheme(std::string_view text) {
    if (const auto mark = text.find("://"); mark != std::string_view::npos) text.remove_prefix(mark + 3);
    return text;
}

// "host:443", without a user.
std::string_view authority_part(std::string_view address) {
    std::string_view text = without_scheme(trim(address));
    text = text.substr(0, text.find_first_of("/?#\\"));
    if (const auto at = text.rfind('@'); at != std::string_view::npos) text.remove_prefix(at + 1);
    return text;
}

bool may_be_secret(std::string_view part) {
    if (!vendor_keys_in(part).empty()) return true;
    return part.size() >= 16 && std::ranges::any_of(part, [](unsigned char c) { return std::isdigit(c) != 0; }) &&
           std::ranges::any_of(part, [](unsigned char c) { return std::isalpha(c) != 0; });
}

bool is_private(const IpAddress& address) {
    static const auto networks = [] {
        std::vector<Network> out;
        for (const char* text : {"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                                 "100.64.0.0/10", "0.0.0.0/32", "::1", "fc00::/7", "fe80::/10"})
            out.push_back(*parse_network(text));
        return out;
    }();
    return std::ranges::any_of(networks, [&](const Network& one) { return one.holds(address); });
}

} // namespace

std::string_view name(HostKind kind) {
    constexpr std::string_view names[] = {"vendor", "service", "third party", "local", "other"};
    return names[static_cast<std::size_t>(kind)];
}

std::span<const KnownHost> known_hosts() { return table; }

const KnownHost* known_host(std::string_view host) {
    const KnownHost* found = nullptr;
    for (const KnownHost& one : table) {
        if (one.pattern == host) return &one;
        if (found == nullptr && one.pattern.starts_with('*') && policy::host_matches(one.pattern, host)) found = &one;
    }
    return found;
}

HostKind kind_of_host(std::string_view host) {
    if (host == "localhost" || host.ends_with(".localhost")) return local;
    if (const auto address = parse_ip_address(host)) return is_private(*address) ? local : other;
    if (const KnownHost* known = known_host(host)) return known->kind;
    // Regional names of Bedrock and Vertex AI.
    if (host.starts_with("bedrock-runtime.") && host.ends_with(".amazonaws.com")) return vendor;
    if (host.ends_with("-aiplatform.googleapis.com")) return vendor;
    return other;
}

std::string host_of(std::string_view address) {
    std::string_view text = authority_part(address);
    if (!vendor_keys_in(text).empty()) return {}; // a slip of somebody's, and a host is shown
    if (text.starts_with('[')) {
        const auto inside = parse_ip_address(text.substr(1, text.find(']') - 1));
        return inside ? to_lower(text.substr(1, text.find(']') - 1)) : std::string();
    }
    if (std::ranges::count(text, ':') <= 1) text = text.substr(0, text.find(':'));
    while (text.ends_with('.')) text.remove_suffix(1);
    const bool fits = !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':';
    });
    return fits ? to_lower(text) : std::string();
}

std::string authority_of(std::string_view address) {
    const std::string host = host_of(address);
    if (host.empty()) return {};
    const std::string_view text = authority_part(address);
    const auto colon = text.rfind(':');
    const bool with_port =
        colon != std::string_view::npos && colon + 1 < text.size() && text.size() - colon <= 6 &&
        std::ranges::all_of(text.substr(colon + 1), [](unsigned char c) { return std::isdigit(c) != 0; }) &&
        (text.starts_with('[') || std::ranges::count(text, ':') == 1);
    const std::string shown = host.contains(':') ? "[" + host + "]" : host;
    return with_port ? shown + std::string(text.substr(colon)) : shown;
}

std::string shown_address(std::string_view address) {
    address = trim(address);
    const std::string authority = authority_of(address);
    if (authority.empty()) return "(no address)";
    const auto mark = address.find("://");
    std::string scheme(mark == std::string_view::npos ? std::string_view() : address.substr(0, mark + 3));
    if (scheme.size() > 16 || !vendor_keys_in(scheme).empty()) scheme.clear();
    std::string_view rest = without_scheme(address);
    const auto slash = rest.find('/');
    std::string path;
    if (slash != std::string_view::npos && slash < rest.find_first_of("?#")) {
        rest = rest.substr(slash, rest.find_first_of("?#") - slash);
        while (!rest.empty()) {
            rest.remove_prefix(1);
            const auto end = std::min(rest.find('/'), rest.size());
            const std::string_view part = rest.substr(0, end);
            path += '/';
            path += may_be_secret(part) ? std::string_view("…") : part;
            rest.remove_prefix(end);
        }
    }
    if (path == "/") path.clear();
    return to_lower(scheme) + authority + path.substr(0, 200);
}

} // namespace sallyport::endpoint
