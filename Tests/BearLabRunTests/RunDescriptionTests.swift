import BearLabCore
import BearLabNN
import BearLabRun
import Testing

@Suite struct RunDescriptionTests {
  @Test func aTextThatIsNoTitleNeedsTheVocabulary() throws {
    let settings = ["objective=s-dpo-bear", "sampler=self-play"]
    _ = try describe(settings)
    #expect(
      throws: RunDescriptionError.freeNegatives(objective: "s-dpo-bear", sampler: "self-play")
    ) {
      try describe(settings + ["objective.sdpo-softmax=masked"])
    }
  }

  @Test func defaultsAreFilledIn() throws {
    let description = try describe([])
    #expect(description.dataset == "ml-100k" && description.model == "smollm2-135m")
    #expect(description.backbone.name == "bigrec")
    #expect(description.objective.name == "bear")
    #expect(description.decoder.name == "constrained-beam")
    #expect(try description.seed == 42)
    #expect(description.objective.values.values["xi"] == .real(2.75))
    let sections = [
      (RunSections.general, description.general), (RunSections.training, description.training),
      (RunSections.lora, description.lora), (RunSections.evaluation, description.evaluation),
    ]
    for (parameters, values) in sections {
      #expect(values == (try ParameterValues([:], for: parameters, owner: "")))
      #expect(values.values.count == parameters.count)
    }
    #expect(throws: Never.self) { try (description.loraSettings, description.trainingSettings) }
  }

  @Test func settingsReachTheTrainer() throws {
    let description = try describe([
      "training.epochs=3", "training.batch-size=5", "training.learning-rate=0.25",
      "training.schedule=constant", "training.weight-decay=0.5", "lora.rank=3", "lora.alpha=7",
      "lora.dropout=0.125", "lora.targets=k_proj",
    ])
    let training = try description.trainingSettings
    #expect(training.epochs == 3 && training.batchSize == 5 && training.learningRate == 0.25)
    #expect(training.schedule == .constant && training.optimizer.weightDecay == 0.5)
    #expect(training.seed == 42)
    #expect(
      try description.loraSettings
        == LoRASettings(rank: 3, alpha: 7, dropout: 0.125, targets: [.key]))
  }

  /// Numbers that stand for "none" in text are nil in Swift, their neighbours are not.
  @Test func wordsForNoneBecomeNil() throws {
    let none = try describe([
      "training.clip-norm=0", "training.normalise-group=0", "training.warmup-steps=-1",
    ]).trainingSettings
    #expect(none.clipNorm == nil && none.normaliseGroup == nil && none.warmupSteps == nil)
    let some = try describe([
      "training.clip-norm=0.5", "training.normalise-group=4", "training.warmup-steps=0",
    ]).trainingSettings
    #expect(some.clipNorm == 0.5 && some.normaliseGroup == 4 && some.warmupSteps == 0)
  }

  @Test func assignmentsAreRead() throws {
    func parse(_ text: String) throws -> RunDescription.Assignment { try .init(parsing: text) }
    #expect(
      try parse("objective.lambda=0.5")
        == .init(section: "objective", name: "lambda", text: "0.5"))
    #expect(try parse("lora.targets=") == .init(section: "lora", name: "targets", text: ""))
    #expect(try parse("seed=1.5") == .init(section: "", name: "seed", text: "1.5"))
    #expect(try parse("a.b.c=d=e.f") == .init(section: "a", name: "b.c", text: "d=e.f"))
  }

  @Test(arguments: ["", "lambda", "objective.lambda", ".seed=1", "=x.y"])
  func malformedAssignmentsAreRefused(text: String) {
    #expect(throws: RunDescriptionError.malformedAssignment(text)) {
      _ = try RunDescription.Assignment(parsing: text)
    }
  }

  /// As when a run's `run.yaml` is given with another objective.
  @Test func anotherPluginDropsTheParametersOfTheFirst() throws {
    let other = try describe(["objective.xi=1", "objective=msl", "objective.tau=2"])
    #expect(other.objective.name == "msl")
    #expect(other.objective.values.values["tau"] == .real(2))
    #expect(other.objective.values.values["xi"] == nil)
    let same = try describe(["objective.xi=1", "objective=bear"])
    #expect(same.objective.values.values["xi"] == .real(1))
  }

  @Test func objectivesAreComposed() throws {
    let description = try describe([
      "objective=cft+bear", "objective.mu=0.2", "objective.lambda=0.5",
    ])
    #expect(description.objective.name == "cft+bear")
    #expect(description.objective.values.values["mu"] == .real(0.2))
    #expect(description.objective.values.values["lambda"] == .real(0.5))
    #expect(description.constraint == .after)
    #expect(throws: (any Error).self) {
      _ = try describe(["objective=cft+bear", "objective.form=paper"])
    }
    #expect(throws: CompositionError.self) { _ = try describe(["objective=dpo+bear"]) }
  }

  @Test func whatContradictsItselfIsRefusedAtOnce() {
    #expect(throws: (any Error).self) { _ = try describe(["objective.beta-grad=flow"]) }
  }

  @Test func laterAssignmentsWin() throws {
    let description = try describe([
      "objective.lambda=1", "training.epochs=2", "objective.lambda=3", "training.epochs=0",
    ])
    #expect(description.objective.values.values["lambda"] == .real(3))
    #expect(description.training.values["epochs"] == .integer(0))
  }

  @Test(arguments: [
    ("objektive.lambda=1", "there is no section 'objektive'", "did you mean objective? known: "),
    ("epochs=1", "'epochs' is a setting of a section", "write training.epochs"),
    ("batch-size=1", "'batch-size' is", "write training.batch-size or evaluation.batch-size"),
    ("training.epoch=1", "section training has no parameter 'epoch'", "did you mean epochs? "),
    ("objective.lamda=1", "objective 'bear' has no parameter 'lamda'", "did you mean lambda? "),
    ("lora.targets=q_prj", "'q_prj' is no linear layer that LoRA can", "did you mean q_proj"),
    ("lora.targets=,", "',' is no linear layer that LoRA can", "known: all, down_proj"),
    ("lora.rank=0", "parameter 'lora.rank' cannot be '0'", "give an integer from 1 to 1024"),
    ("lora.rank=8.0", "parameter 'lora.rank' cannot be '8.0'", "give an integer from 1 to 1024"),
    (
      "lora.dropout=1", "parameter 'lora.dropout' cannot be '1.0'", "give a real number from 0.0 to"
    ),
    (
      "training.learning-rate=nan", "parameter 'training.learning-rate' cannot be 'nan'",
      "give a real"
    ),
    (
      "training.schedule=cosine", "'training.schedule' cannot be 'cosine'",
      "one of linear, constant"
    ),
    ("evaluation.constraint=never", "cannot be 'never'", "one of objective, before, after"),
  ])
  func mistakesAreNamedWithARemedy(setting: String, what: String, remedy: String) throws {
    let error = try #require(throws: (any Error).self) { _ = try describe([setting]) }
    let named = try #require(error as? any BearLabError)
    #expect(named.description.contains(what), "\(named.description)")
    #expect(named.remedy.contains(remedy), "\(named.remedy)")
  }

  @Test(arguments: [("backbone", "bigrek"), ("objective", "baer"), ("decoder", "constrained-bean")])
  func unknownPluginsAreNamed(kind: String, name: String) throws {
    let error = try #require(throws: RegistryError.self) {
      _ = try RunDescription(
        [.init(section: "", name: kind, text: name)], registry: .builtin())
    }
    #expect(error.description == "there is no \(kind) '\(name)'")
    #expect(error.remedy.contains("did you mean "))
  }

  @Test func targetsAreAListOrAll() throws {
    func targets(_ text: String) throws -> Set<Projection> {
      try describe(["lora.targets=\(text)"]).loraSettings.targets
    }
    #expect(try targets("all") == Set(Projection.allCases))
    #expect(try targets("o_proj, up_proj,o_proj") == [.output, .up])
  }
}

/// The description of `section.parameter=value` settings.
func describe(_ settings: [String]) throws -> RunDescription {
  try RunDescription(
    settings.map { try RunDescription.Assignment(parsing: $0) }, registry: .builtin())
}
