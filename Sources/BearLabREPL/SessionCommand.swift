/// The commands that compose a run or belong to the session alone.
enum SessionCommand: String, CaseIterable {
  case dataset, model, backbone, objective, decoder, recommender, sampler, `protocol`
  case set, reset, show, use, save, load, help, quit, exit

  /// Whether it chooses a plug-in, whose parameters may follow.
  var hasParameters: Bool {
    switch self {
    case .backbone, .objective, .decoder, .recommender, .sampler: true
    default: false
    }
  }

  /// The command with what it takes.
  var usage: String {
    switch self {
    case .dataset, .model: "\(rawValue) NAME|PATH"
    case .protocol: "protocol NAME"
    case _ where hasParameters: "\(rawValue) NAME [PARAMETER=VALUE…]"
    case .set: "set SETTING=VALUE…"
    case .reset: "reset [SETTING]"
    case .show: "show [all]"
    case .use: "use RUN|none"
    case .save, .load: "\(rawValue) FILE"
    case .help: "help [COMMAND]"
    default: rawValue
    }
  }

  var summary: String {
    switch self {
    case .dataset: "the data set, by name or folder"
    case .model: "the language model, by name or file"
    case .backbone: "how a history becomes a prompt"
    case .objective: "what fine-tuning minimises"
    case .decoder: "how items are searched"
    case .recommender: "a sequential recommender"
    case .sampler: "what draws negatives"
    case .protocol: "defaults without quirks, or those of the published numbers"
    case .set: "any settings, such as training.epochs=2 seed=7"
    case .reset: "forget a setting, a section, or everything"
    case .show: "what is set, or every setting with its default"
    case .use: "the current run, for commands that are given none"
    case .save: "write every setting as YAML, for load and for run --config"
    case .load: "take the settings of a YAML file, such as a run's run.yaml"
    case .help: "this, or what a command takes"
    case .quit, .exit: "leave; so does Ctrl-D"
    }
  }
}
