public import BearLabCore
internal import BearLabEvaluation
internal import BearLabNN
internal import BearLabTensor
internal import BearLabTraining

/// The settings of a run that belong to no plug-in, declared as plug-ins declare theirs: so the
/// command line, YAML, `describe` and validation treat both alike.
public enum RunSections {
  static let pluginsName = "plugins"
  static let metricsName = "metrics"
  /// Lists that `run.yaml` has only where there is something in them.
  static let lists: Set = [pluginsName, metricsName]

  /// What is run, and where.
  public static let general: [Parameter] = [
    .choice(
      "protocol", default: EvaluationProtocol.consistent.rawValue,
      of: EvaluationProtocol.allCases.map(\.rawValue),
      "defaults without quirks, or those that replay the published numbers"),
    .text("dataset", default: "ml-100k", "a data set's name, or its folder"),
    .text(
      "model", default: "smollm2-135m",
      "a model's name, its GGUF file, or its folder of Hugging Face"),
    .text(
      "adapter", default: "",
      "the folder of LoRA weights, as PEFT saves them, that the model has and training begins with"),
    .text(
      "backbone", default: "bigrec",
      "how a history becomes a prompt; none for a recommender without a language model"),
    .text(
      "recommender", default: "",
      "a sequential model: what the backbone builds on, or alone without a backbone"),
    .text("objective", default: "bear", "what fine-tuning minimises"),
    .text("decoder", default: "constrained-beam", "how items are searched"),
    .text(
      "sampler", default: "",
      "what draws the objective's negatives; as the objective says where it is empty"),
    .text(
      "init-from", default: "",
      "the folder of a run whose best weights training begins with, and a reference has"),
    .text(
      pluginsName, default: "",
      "paths of packages or libraries with further plug-ins, separated by commas"),
    .integer("seed", default: 42, in: 0..., "of LoRA's start, sample order and dropout"),
    .text("seeds", default: "", "several seeds, 1,2,3: a run each, and their mean and spread"),
    .integer("threads", default: 0, in: 0...1024, "threads; 0 for one a core"),
    .choice(
      "precision", default: RunDescription.automaticPrecision,
      of: [RunDescription.automaticPrecision] + Precision.allCases.map(\.rawValue),
      "of frozen weights and of the operands of products; auto for the fastest that there is"),
    .integer(
      "memory-limit", default: 0, in: 0..., unit: Parameter.bytes,
      "the most memory to take, at the price of time; 0 for all that there is"),
  ]

  /// How the model is fine-tuned.
  public static let training: [Parameter] = [
    .integer(
      "samples", default: 1000, in: 1...,
      "training windows, the first of train_10000's order; all where there are fewer"),
    .integer("epochs", default: 1, in: 0...100_000, "passes over the samples; 0 trains nothing"),
    .integer(
      "batch-size", default: 8, in: 1...100_000, unit: "samples", "samples of an optimiser step"),
    .real("learning-rate", default: 1e-3, in: 0...10, "the peak of the schedule"),
    .choice(
      "schedule", default: "linear", of: LearningRateSchedule.Shape.allCases.map(\.rawValue),
      "how the rate moves over the steps"),
    .integer(
      "warmup-steps", default: -1, in: (-1)..., unit: "steps",
      "linear warm-up; -1 for min(20, 10 % of the steps)"),
    .real("clip-norm", default: 1, in: 0..., "L2 norm that gradients are clipped to; 0 for none"),
    .real("weight-decay", default: 0, in: 0...1, "of AdamW"),
    .integer(
      "normalise-group", default: 0, in: 0..., unit: "samples",
      "over how many samples a loss is normalised; 0 for the whole batch"),
    .integer(
      "micro-batch", default: 0, in: 0..., unit: "samples",
      "samples computed at once: less memory, the same result; 0 for the whole normalise-group"),
    .choice(
      "reference", default: "cached", of: ["cached", "step"],
      "log-probabilities of an objective's reference: computed once and kept, or in every step"),
    .integer(
      "checkpoint-steps", default: 50, in: 1..., unit: "steps",
      "steps between checkpoints, from which a stopped run continues"),
  ]

  /// The low-rank adaptation.
  public static let lora: [Parameter] = [
    .integer("rank", default: 8, in: 1...1024, "rank of every update"),
    .real("alpha", default: 16, in: 0..., "the update is scaled by alpha / rank"),
    .real("dropout", default: 0.05, in: 0...0.99, "share of the inputs dropped in training"),
    .text(
      "targets", default: "all",
      "linear layers, separated by commas: "
        + Projection.allCases.map(\.rawValue).joined(separator: ", ") + ", or all"),
  ]

  /// How a model is measured.
  public static let evaluation: [Parameter] = [
    .integer(
      "users", default: 300, in: 1...,
      "rows of validation and of test, the first of their order; all where there are fewer"),
    .integer("batch-size", default: 16, in: 1..., unit: "users", "users searched side by side"),
    .choice(
      "constraint", default: "objective", of: ["objective", "before", "after"],
      "where the trie comes, relative to the soft-max; as the objective was trained, or set"),
    .choice(
      "constraint-mismatch", default: "refuse", of: ["refuse", "allow"],
      "what to do where decoding has another constraint than the objective was trained for"),
    .choice(
      "selection", default: CheckpointSelection.valid.rawValue,
      of: CheckpointSelection.allCases.map(\.rawValue),
      "which epoch is reported: best on validation, best on test, each column's best, the last"),
    .choice(
      "measure", default: MeasuredModels.all.rawValue, of: MeasuredModels.allCases.map(\.rawValue),
      "the model before and after fine-tuning on test, after it alone, or on validation alone"),
    .choice(
      "match", default: TitleMatch.leaf.rawValue, of: TitleMatch.allCases.map(\.rawValue),
      "a hit is the target's title, or its text after the tokenizer's clean-up of spaces"),
    .text(
      metricsName, default: "",
      "further metrics of the table, separated by commas, such as mrr or ndcg@20"),
  ]

  /// What a run without a language model takes notice of, beside its recommender's parameters; an
  /// empty section is the general one.
  static let withoutModel: [String: Set<String>] = [
    "": [
      "protocol", "dataset", "backbone", "recommender", pluginsName, "seed", "seeds", "threads",
    ],
    "evaluation": ["users", metricsName],
  ]

  /// The sections in the order of `run.yaml`.
  public static let all: [(name: String, parameters: [Parameter])] = [
    ("training", training), ("lora", lora), ("evaluation", evaluation),
  ]
}
