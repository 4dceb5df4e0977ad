#include "handover/controls.h"

#include <algorithm>

namespace sallyport::handover {

namespace {

using enum Fact;

template <Fact... facts> inline constexpr Fact list[] = {facts...};

constexpr Control soc2[] = {
    {"CC6.1", "Logical access security", "Each request was tied to a company key, and unknown callers were refused.",
     list<recorded_before_sent, refused_caller, refused_client>},
    {"CC6.6", "Boundary protection", "What may leave was decided at one place, and what was not allowed was refused.",
     list<refused_by_policy, refused_unread, refused_reference, refused_by_decision_point>},
    {"CC6.7", "Transmission of information is restricted",
     "Each transmission to a vendor is recorded with its digest before it left; secrets and code that must stay were "
     "kept back.",
     list<recorded_before_sent, durable_before_sent, amended, withheld, secret_kept_back, company_code_withheld>},
    {"CC7.2", "Monitoring for anomalies",
     "Findings in what left and in what was to leave are recorded with rule and place.",
     list<secret_found, hidden_text_found, company_code_found, let_through>},
    {"CC7.3", "Evaluation of security events",
     "Each refusal holds the facts that it was decided by, so that it can be decided again and looked into.",
     list<refused_by_policy, secret_found, break_glass_used>},
    {"CC8.1", "Change management",
     "Each decision names the policy in force by digest, and who signed it; exceptions are named.",
     list<policy_signed, exception_used, break_glass_used, gateway_started>},
    {"A1.2", "Environmental protections and recovery",
     "Failures of vendors and the attempts that went elsewhere are recorded.",
     list<vendor_failed, other_upstream_tried>},
};

constexpr Control iso42001[] = {
    {"A.4.4", "Tooling resources", "Plugins that were offered to models are recorded by name.",
     list<plugin_offered, refused_plugin>},
    {"A.6.2.6", "AI system operation and monitoring", "Attempts, outcomes and failures of vendors are recorded.",
     list<outcome_recorded, vendor_failed, hidden_text_found>},
    {"A.6.2.8", "AI system recording of event logs",
     "Every attempt is recorded before a byte leaves, in a tamper-evident ledger that others can verify offline.",
     list<recorded_before_sent, durable_before_sent, outcome_recorded, gateway_started>},
    {"A.9.2", "Processes for the responsible use of AI systems",
     "Use goes through one policy; exceptions from it are recorded with their reference.",
     list<recorded_before_sent, refused_by_policy, exception_used, break_glass_used, policy_signed>},
    {"A.9.4", "Intended use of the AI system",
     "Use outside what is approved was refused, or recorded where that is not enforced yet.",
     list<refused_by_policy, refused_client, refused_reference, let_through>},
    {"A.10.2", "Allocating responsibilities", "Each attempt names the account and the vendor that it went to.",
     list<recorded_before_sent>},
    {"A.10.3", "Suppliers", "Which vendors were used, and how they failed, is recorded.",
     list<recorded_before_sent, vendor_failed>},
};

constexpr Control eu_ai_act[] = {
    {"Art. 12", "Record-keeping", "Events are recorded automatically over the time of use.",
     list<recorded_before_sent, outcome_recorded, refused_by_policy, gateway_started>},
    {"Art. 14", "Human oversight", "People can stop use by policy and key; break-glass and exceptions are recorded.",
     list<refused_by_policy, exception_used, break_glass_used>},
    {"Art. 26(1)", "Use in accordance with instructions",
     "Use outside the approved clients, models and plugins was refused or recorded.",
     list<refused_client, refused_plugin, refused_reference, let_through>},
    {"Art. 26(5)", "Monitoring by the deployer", "Findings and failures are recorded as they happen.",
     list<secret_found, hidden_text_found, vendor_failed, tool_called>},
    {"Art. 26(6)", "Keeping automatically generated logs",
     "The ledger is append-only; how long it is kept is for the company to see to (at least six months).",
     list<recorded_before_sent, outcome_recorded>},
};

constexpr Control owasp_agentic[] = {
    {"ASI01", "Agent Goal Hijack", "Hidden characters and markers in what reached the model are found and recorded.",
     list<hidden_text_found>},
    {"ASI02", "Tool Misuse and Exploitation",
     "Tools that the model called are recorded by name, and tools that the vendor runs were refused.",
     list<tool_called, refused_reference>},
    {"ASI03", "Identity and Privilege Abuse",
     "Each request is tied to a company key with a class that it may not go above.",
     list<refused_caller, refused_by_policy>},
    {"ASI04", "Agentic Supply Chain Vulnerabilities",
     "Clients with their versions and plugins are recorded, and those not approved were refused.",
     list<plugin_offered, refused_plugin, refused_client>},
    {"ASI05", "Unexpected Code Execution", {}, {}},
    {"ASI06", "Memory and Context Poisoning",
     "Hidden text and content of other repositories in a request are found and recorded.",
     list<hidden_text_found, company_code_found>},
    {"ASI07", "Insecure Inter-Agent Communication", {}, {}},
    {"ASI08", "Cascading Failures", "Failures of vendors and what was tried next are recorded.",
     list<vendor_failed, other_upstream_tried>},
    {"ASI09", "Human-Agent Trust Exploitation", {}, {}},
    {"ASI10", "Rogue Agents",
     "Every attempt is recorded before it leaves, with the tools that were called; keys can be revoked.",
     list<recorded_before_sent, tool_called, refused_caller>},
};

constexpr Control mitre_atlas[] = {
    {"AML.T0010", "AI Supply Chain Compromise",
     "Clients, versions, models and plugins in use are recorded, and those not approved were refused.",
     list<plugin_offered, refused_plugin, refused_client>},
    {"AML.T0012", "Valid Accounts", "Each request names the company key that it came with; unknown ones were refused.",
     list<recorded_before_sent, refused_caller>},
    {"AML.T0024", "Exfiltration via AI Inference API",
     "What left to a vendor is recorded by digest, and company code in it by lines.",
     list<company_code_found, company_code_withheld, refused_by_policy>},
    {"AML.T0051", "LLM Prompt Injection", "Hidden text in requests is found and recorded.", list<hidden_text_found>},
    {"AML.T0053", "AI Agent Tool Invocation", "Tools that the model called are recorded by name.",
     list<tool_called, plugin_offered>},
    {"AML.T0055", "Unsecured Credentials",
     "Secrets in requests are found, recorded without their text, and kept back where the policy says so.",
     list<secret_found, secret_kept_back>},
    {"AML.T0057", "LLM Data Leakage",
     "Content of the company's repositories in requests is found, and withheld where it must stay.",
     list<company_code_found, company_code_withheld, withheld>},
    {"AML.T0068", "LLM Prompt Obfuscation", "Hidden characters and disguised texts are found and recorded.",
     list<hidden_text_found>},
    {"AML.T0086", "Exfiltration via AI Agent Tool Invocation",
     "Content by reference and tools that the vendor runs were refused; plugins are recorded.",
     list<refused_reference, refused_plugin, plugin_offered>},
};

constexpr Framework all[] = {
    {"soc2", "SOC 2, Trust Services Criteria 2017 (with the points of focus of 2022)",
     "It supports a control's evidence; whether the control is met is for the auditor to say.", soc2},
    {"iso42001", "ISO/IEC 42001:2023, Annex A",
     "It supports a control's evidence; the Statement of Applicability and its audit are the company's.", iso42001},
    {"eu-ai-act", "Regulation (EU) 2024/1689",
     "Coding assistants usually are no high-risk systems; the articles named apply to those that are. This supports, "
     "it does not assess.",
     eu_ai_act},
    {"owasp-agentic", "OWASP Top 10 for Agentic Applications 2026",
     "It supports looking for a risk where it passes the gateway; what an agent does on a machine is not seen here.",
     owasp_agentic},
    {"mitre-atlas", "MITRE ATLAS",
     "It supports the detection of a technique where it passes the gateway; nothing found is no proof that nothing was "
     "there.",
     mitre_atlas},
};

} // namespace

std::span<const Framework> frameworks() { return all; }

const Framework* framework_named(std::string_view name) {
    const auto found = std::ranges::find(all, name, &Framework::name);
    return found == std::end(all) ? nullptr : found;
}

} // namespace sallyport::handover
