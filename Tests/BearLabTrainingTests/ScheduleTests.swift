import BearLabTraining
import Testing

struct ScheduleTests {
  private func schedule(
    steps: Int, warmup: Int?, shape: LearningRateSchedule.Shape = .linear
  ) -> LearningRateSchedule {
    LearningRateSchedule(
      TrainingSettings(learningRate: 1, schedule: shape, warmupSteps: warmup), totalSteps: steps)
  }

  @Test func linearWarmsUpAndDecaysAsTransformersDoes() {
    let rates = (0...10).map { schedule(steps: 10, warmup: 4).rate(step: $0) }
    let expected = [0, 0.25, 0.5, 0.75, 1, 5.0 / 6, 4.0 / 6, 3.0 / 6, 2.0 / 6, 1.0 / 6, 0]
    #expect(zip(rates, expected).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test func theWarmUpIsATenthOfTheStepsAndAtMostTwenty() {
    #expect(schedule(steps: 100, warmup: nil).rate(step: 5) == 0.5)
    #expect(schedule(steps: 100, warmup: nil).rate(step: 10) == 1)
    #expect(schedule(steps: 1000, warmup: nil).rate(step: 10) == 0.5)
    #expect(schedule(steps: 1000, warmup: nil).rate(step: 20) == 1)
    #expect(schedule(steps: 5, warmup: nil).rate(step: 0) == 1)
  }

  @Test func constantStaysAtThePeak() {
    let constant = schedule(steps: 10, warmup: 4, shape: .constant)
    #expect((0..<10).allSatisfy { constant.rate(step: $0) == 1 })
  }
}
