import Recap
import Terminal

/// What the explorer requests. A value, so that a test can say which work was requested.
enum Work: Equatable, Sendable {
  case startTraining, pause, resume, stop
  /// Go on with the run on the screen, which has ended before its last step.
  case resumeRun
  /// Answers to the estimated cost of a run.
  case confirmCost, declineCost
  /// Train with this density from the next step on.
  case setDensity(RecapDensity)
  /// Reconstruct an image; from then on also whenever the CLIP has learned, until another one is chosen.
  /// With a step, by the tower that the evaluation after it scored.
  case reconstruct(imageIndex: Int, timestep: Int, density: RecapDensity, step: Int? = nil)
  /// The same of one picture of a pair, which joins the images that can be reconstructed.
  case reconstructPair(PairPicture, timestep: Int, density: RecapDensity, step: Int? = nil)
  /// Read an image file, which joins the images that can be reconstructed.
  case openImage(String)
  case cancelRebuilding
  /// Show the pictures that another program recorded, as they were at this step; nil is the newest.
  case showLogged(step: Int?)
  /// Score the weights between baseline and tuned, this α first if there is one.
  case blend(step: Int?, alpha: Double?)
  case cancelBlend
  /// Write the weights of an α as a checkpoint into a new folder.
  case keepBlend(Double, step: Int?, path: String)
  /// The pairs are on the screen.
  case loadPairs
  /// Say what is loaded.
  case describeModels
  /// Keep what was noted about the pair of this number.
  case keepNote(PairNote, about: Int)
  /// Find the pairs whose images are nearest to those of the pair at this place; where their features are not known, only
  /// if the images may be encoded for that.
  case findNeighbours(Int, step: Int?, mayEncode: Bool)
  /// Ask the frozen diffusion model about the pair at this place.
  case askTeacher(Int)
  /// Cancel what is being found out about pairs.
  case cancelInquiries
  /// Find out what a sweep takes, as far as that is not known.
  case planSweep(SweepPlan)
  /// Train what is left of the sweep's runs.
  case startSweep
  case cancelSweep
  /// Find out which patches of the pair at this place speak for which statement.
  case weighPatches(Int)
  /// Write a text to a new file where the program was started; `what` says what it holds.
  case write(String, name: ExportName, what: String)
  /// Write the run as a page of HTML.
  case writePage(name: ExportName)
  /// Write a frame as a picture.
  case writeScreen(Canvas, isLight: Bool, name: ExportName)
  case openRun(Int)
  /// These are done by the loop itself, the others by its runner.
  case repaint, suspend, quit, interrupt, useMouse(Bool), useLightGround(Bool)
  /// Write what is on the screen as a picture: the loop has the frame.
  case keepScreen(name: ExportName)
}

/// Does the explorer's work off the drawing thread.
protocol WorkRunner: Sendable {
  /// Starts the work and returns at once.
  func run(_ work: Work)
}
