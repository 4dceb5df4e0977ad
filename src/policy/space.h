// The finite space of requests that one policy, or two side by side, can tell apart: what proving and comparing look at.
//
// A situation is how the class comes about (evidence, repository, the class that the conversation had); for each situation and
// upstream, every rule is a box (boxes.h) over account, client with version, team, model, references and plugins. Each cell of
// each dimension has a sample, so every box can be shown as a request that decide() judges.
#pragma once

#include "policy/boxes.h"
#include "policy/model.h"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sallyport::policy {

struct Situation {
    Evidence evidence = Evidence::none;
    Class floor = Class::open_source;
    std::string repository;           // a sample
    std::vector<std::string> paths{}; // of it
    std::array<Class, 2> classes{};   // effective, in each of the documents
    std::array<Entities, 2> entities{};
};

// A request as the space knows it; owns what facts() views.
struct Sample {
    std::string client, version, team, role, repository, model;
    std::vector<std::string> plugin_names, path_names;
    std::vector<std::string_view> plugins, paths;
    Evidence evidence = Evidence::none;
    Class floor = Class::open_source;
    AccountKind account = AccountKind::company;
    std::uint32_t references = 0, findings = 0;
    bool generates = true;
    std::int64_t at_ms = 0;
    bool timed = false; // at another time it can be otherwise

    Facts facts();
    // "client codex 0.160.0 of team web asks for model gpt-5 in class internal"
    std::string words(Class cls) const;
};

class Space {
public:
    // One or two documents; they must outlive it. Nothing where their patterns overlap too wildly to tell all cases apart
    // (atoms.h); `why` says which.
    static std::unique_ptr<Space> of(std::span<const Document* const> documents, std::string& why);

    std::span<const Situation> situations() const { return situations_; }

    // What the document lets be judged by rules at all: approved clients and versions, plugins approved for the class.
    // The upstream's terms are part of it.
    Box admitted(std::size_t document, const Situation& situation, const UpstreamFacts& upstream) const;
    // The requests for which the rule holds; nothing where the situation or the upstream rules it out.
    std::optional<Box> box_of(std::size_t document, const Rule& rule, const Situation& situation,
                              const UpstreamFacts& upstream) const;
    // The requests that an invariant forbids.
    std::optional<Box> box_of(std::size_t document, const Conditions& never, const Situation& situation,
                              const UpstreamFacts& upstream) const;

    // What passes although no rule allows it: requests with company accounts of teams whose mode is not enforce.
    Box let_pass(std::size_t document) const;
    // Takes those teams out for which the refuse rule is not enforced.
    void keep_enforced(std::size_t document, const Rule& refusal, Box& box) const;

    // Takes requests for the list of models out: they use none, so rules about models leave them be.
    void keep_generating(Box& box) const;

    Sample sample(const Box& box, const Situation& situation) const;
    std::vector<std::string> clients_in(const Box& box) const; // names, each once
    std::vector<std::string> teams_in(const Box& box) const;   // "" is any other
    bool all_clients(const Box& box) const { return box.of(Dimension::client).count() == clients_.size(); }
    bool all_teams(const Box& box) const { return box.of(Dimension::team).count() == teams_.size(); }

private:
    struct ClientCell {
        std::string name;
        std::string version; // empty: not told
    };
    struct ModelCell {
        std::string text;
        bool generates = true;
    };

    explicit Space(std::span<const Document* const> documents) : documents_(documents.begin(), documents.end()) {}
    void find_clients();
    void find_teams_and_roles();
    void find_moments();
    bool find_plugins();
    bool find_models();
    bool find_situations();
    void boxes_of_rules();
    Box everything() const;
    Bits clients_where(const auto& holds) const;
    Bits teams_where(const auto& holds) const;
    Bits models_of(const Names& patterns, bool tightens, bool condition) const;
    Bits plugins_named(std::size_t document, const std::vector<std::string>& names) const;
    Bits moments_where(const auto& holds) const;
    Box conditions_box(std::size_t document, const Conditions& when, bool tightens) const;
    bool in_situation(std::size_t document, const Conditions& when, const Situation& situation, bool tightens) const;
    const Document& document_of(std::size_t which) const { return *documents_[std::min(which, documents_.size() - 1)]; }
    void each_condition(const std::function<void(const Document&, const Conditions&)>& told) const;

    std::vector<const Document*> documents_;
    std::vector<Situation> situations_;
    std::vector<ClientCell> clients_;
    std::vector<std::string> teams_, roles_; // the last one is "": any other
    std::vector<std::int64_t> moments_;
    std::vector<ModelCell> models_; // 0: a list of models; 1: no model told
    std::vector<std::string> model_patterns_;
    std::vector<Bits> models_matching_; // by pattern
    std::vector<std::string> plugins_;  // as plugin_text; the last one stands for any other
    // Of each rule, without situation and upstream.
    std::array<std::vector<Box>, 2> rules_;
};

} // namespace sallyport::policy
