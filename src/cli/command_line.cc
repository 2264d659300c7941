#include "cli/command_line.h"

#include <string_view>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/certificate_commands.h"
#include "cli/health_command.h"
#include "cli/token_commands.h"

namespace cardea::cli {
namespace {

// Holds what CLI11 parses into, and the command that was chosen.
class CommandLine {
 public:
  explicit CommandLine(const Program& program) : program_(program) {
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "cardea " CARDEA_VERSION);
    app_.add_subcommand("serve", "Run the server with the configuration of the environment")
        ->callback([this] { chosen_ = [this] { return program_.serve(); }; });
    app_.add_subcommand("health", "Ask the running server whether it is healthy")->callback([this] {
      chosen_ = [this] {
        const auto admin = program_.find_admin();
        return admin ? check_health(*admin) : kExitUsage;
      };
    });
    add_token_commands();
    add_certificate_commands();
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app_.exit(error);  // help and version
      fmt::print(stderr, "cardea: {}\n", sentence_for(error, argc, argv));
      return kExitUsage;
    }
    return chosen_();
  }

 private:
  // CLI11 says only that a command is required, even when a wrong one was given.
  std::string sentence_for(const CLI::ParseError& error, int argc, char** argv) {
    const std::string_view first = argc > 1 ? argv[1] : "";
    const bool in_group = first == "token" || first == "cert";
    const CLI::App& parent = in_group ? *app_.get_subcommand(std::string(first)) : app_;
    const int at = in_group ? 2 : 1;
    std::string known;
    bool is_known = false;
    for (const CLI::App* command : parent.get_subcommands([](const CLI::App*) { return true; })) {
      known.append(known.empty() ? "" : ", ").append(command->get_name());
      is_known = is_known || (argc > at && command->get_name() == argv[at]);
    }
    if (argc <= at) return fmt::format("which command? There are {}; \"cardea --help\" says more", known);
    if (!is_known && argv[at][0] != '-') {
      return fmt::format("\"{}\" is no command here; there are {}", argv[at], known);
    }
    return std::string(error.what()) + "; \"cardea --help\" and \"cardea COMMAND --help\" say more";
  }

  void add_token_commands() {
    CLI::App* token = app_.add_subcommand("token", "Make and manage API tokens, directly in Redis");
    token->require_subcommand(1);
    CLI::App* generate = token->add_subcommand("generate", "Make a token and print it");
    generate->add_option("name", name_, "Name of the token")->required();
    generate->add_option("email", email_, "E-mail address for the certificates it orders");
    on_store(generate, [this](const StoreAccess& access) { return generate_token(access, name_, email_); });
    CLI::App* show = token->add_subcommand("show", "Print a token");
    show->add_option("name", name_, "Name of the token")->required();
    on_store(show, [this](const StoreAccess& access) { return show_token(access, name_); });
    on_store(token->add_subcommand("list", "List all tokens"),
             [](const StoreAccess& access) { return list_tokens(access); });
    CLI::App* erase = token->add_subcommand("delete", "Delete a token");
    erase->add_option("name", name_, "Name of the token")->required();
    erase->add_flag("--cascade", cascade_, "Delete its proxy targets and certificates too");
    on_store(erase, [this](const StoreAccess& access) {
      return delete_token(access, name_, cascade_ ? Cascade::erase : Cascade::refuse);
    });
  }

  void add_certificate_commands() {
    CLI::App* cert = app_.add_subcommand("cert", "Work on certificates through the running server");
    cert->require_subcommand(1);
    CLI::App* revoke = cert->add_subcommand("revoke", "Have the CA revoke a certificate");
    revoke->add_option("name", revoke_.cert_name, "The certificate's name")->required();
    revoke->add_option("token", revoke_.token, "Its owner's token, or the name of that token")->required();
    revoke->add_option("reason", revoke_.reason,
                       "unspecified, keyCompromise, affiliationChanged, superseded or cessationOfOperation");
    // Two flags, not one that can be negated: that one would say "no" where nothing was said.
    CLI::Option* reissue = revoke->add_flag(
        "--reissue", reissue_,
        "Order a new certificate first, and revoke the old one when that is served (the default for "
        "keyCompromise and superseded)");
    CLI::Option* keep =
        revoke->add_flag("--no-reissue", keep_, "Revoke at once and order nothing (the default otherwise)");
    reissue->excludes(keep);
    on_store(revoke, [this](const StoreAccess& access) {
      if (reissue_) revoke_.reissue = true;
      if (keep_) revoke_.reissue = false;
      const auto admin = program_.find_admin();
      return admin ? revoke_certificate(access, *admin, revoke_) : kExitUsage;
    });
  }

  void on_store(CLI::App* command, std::function<int(const StoreAccess&)> action) {
    command->callback([this, action = std::move(action)] {
      chosen_ = [this, action] {
        const auto access = program_.open_store();
        return access ? action(*access) : kExitUsage;
      };
    });
  }

  const Program& program_;
  CLI::App app_{"Cardea gets, renews and serves TLS certificates, and proxies to your servers behind them."};
  std::function<int()> chosen_;
  std::string name_;
  std::string email_;
  bool cascade_ = false;
  RevokeArguments revoke_;
  bool reissue_ = false;
  bool keep_ = false;
};

}  // namespace

int run(int argc, char** argv, const Program& program) {
  return CommandLine(program).run(argc, argv);
}

}  // namespace cardea::cli
