internal import BackboneALLMRec
internal import BackboneBIGRec
internal import BackboneLLaRA
public import BearLabCore
internal import BearLabData
internal import BearLabEvaluation
internal import DecoderBIGRecGrounding
internal import DecoderBeam
internal import DecoderConstrainedBeam
internal import DecoderD3
internal import DecoderDiverseBeam
internal import DecoderExact
internal import DecoderGreedy
internal import DecoderIGD
internal import ObjectiveBEAR
internal import ObjectiveBeamAware
internal import ObjectiveCFT
internal import ObjectiveD2LR
internal import ObjectiveDPO
internal import ObjectiveIGD
internal import ObjectiveMSL
internal import ObjectiveRosePO
internal import ObjectiveSDPOBEAR
internal import ObjectiveSFT
internal import ObjectiveSPRec
internal import RecommenderBERT4Rec
internal import RecommenderCaser
internal import RecommenderDLLM2Rec
internal import RecommenderDROS
internal import RecommenderGRU4Rec
internal import RecommenderLLMCF
internal import RecommenderMarkov
internal import RecommenderPopularity
internal import RecommenderSASRec
internal import SamplerHard
internal import SamplerInBatch
internal import SamplerPopularity
internal import SamplerSelfPlay
internal import SamplerSimilar
internal import SamplerUniform

/// The one list of built-in plug-ins: a new one is a line here and a line in the manifest.
private let builtinPlugins: [any PluginModule.Type] = [
  BIGRecModule.self,
  LLaRAModule.self,
  ALLMRecModule.self,
  SFTModule.self,
  MSLModule.self,
  BEARModule.self,
  DPOModule.self,
  SDPOBEARModule.self,
  RosePOModule.self,
  SPRecModule.self,
  BeamAwareModule.self,
  CFTModule.self,
  D2LRModule.self,
  IGDModule.self,
  ConstrainedBeamModule.self,
  BeamModule.self,
  GreedyModule.self,
  BIGRecGroundingModule.self,
  UniformSamplerModule.self,
  PopularitySamplerModule.self,
  InBatchSamplerModule.self,
  HardSamplerModule.self,
  SimilarSamplerModule.self,
  SelfPlaySamplerModule.self,
  ExactModule.self,
  D3Module.self,
  DiverseBeamModule.self,
  IGDDecoderModule.self,
  PopularityModule.self,
  MarkovModule.self,
  SASRecModule.self,
  BERT4RecModule.self,
  GRU4RecModule.self,
  CaserModule.self,
  DROSModule.self,
  DLLM2RecModule.self,
  LLMCFModule.self,
  MetricModule.self,
  DatasetModule.self,
]

extension PluginRegistry {
  /// A registry with the built-in plug-ins.
  public static func builtin() throws -> PluginRegistry {
    let registry = PluginRegistry()
    for module in builtinPlugins { try registry.add(module) }
    return registry
  }
}
