#include "cli/command_line.h"

#include <CLI/CLI.hpp>

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
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      // Help and version are successes; everything else is wrong usage, said on standard error.
      return app_.exit(error) == 0 ? 0 : kExitUsage;
    }
    return chosen_();
  }

 private:
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
};

}  // namespace

int run(int argc, char** argv, const Program& program) {
  return CommandLine(program).run(argc, argv);
}

}  // namespace cardea::cli
