'use strict';
// Plays melodies by Web Audio; the pages with sound share it. A step is one of `stepsPerQuarter`, a
// note is [onset, end, pitch].
const SOUNDS = {
  plucked: {wave: 'triangle', attack: 0.005, decay: 0.9, gain: 0.5},
  flute: {wave: 'sine', attack: 0.04, decay: 0, gain: 0.35},
  reed: {wave: 'sawtooth', attack: 0.02, decay: 0, gain: 0.14},
  fiddle: {wave: 'sawtooth', attack: 0.06, decay: 0, gain: 0.3, cutoff: 2400, vibrato: 14},
};

function sound(context, pitch, begin, end, {wave, attack, decay, gain, cutoff, vibrato}) {
  const oscillator = new OscillatorNode(context, {
    type: wave,
    frequency: 440 * 2 ** ((pitch - 69) / 12),
  });
  const volume = new GainNode(context, {gain: 0});
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(gain, begin + attack);
  if (decay) volume.gain.setTargetAtTime(0, begin + attack, decay / 3);
  volume.gain.setTargetAtTime(0, Math.max(end - 0.03, begin + attack), 0.012);
  if (cutoff)
    oscillator
      .connect(volume)
      .connect(new BiquadFilterNode(context, {type: 'lowpass', frequency: cutoff}))
      .connect(context.destination);
  else oscillator.connect(volume).connect(context.destination);
  if (vibrato) {
    // in cents, and only on notes that are held
    const depth = new GainNode(context, {gain: 0}),
      wobble = new OscillatorNode(context, {frequency: 5.5});
    depth.gain.setTargetAtTime(vibrato, begin + 0.25, 0.1);
    wobble.connect(depth).connect(oscillator.detune);
    wobble.start(begin);
    wobble.stop(end + 0.1);
  }
  oscillator.start(begin);
  oscillator.stop(end + 0.1);
}

// A click of a metronome.
function click(context, begin, isStrong) {
  const oscillator = new OscillatorNode(context, {frequency: isStrong ? 1760 : 1175}),
    volume = new GainNode(context, {gain: 0.25});
  volume.gain.setTargetAtTime(0, begin + 0.01, 0.012);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(begin);
  oscillator.stop(begin + 0.1);
}

// Schedules the notes from step `first` on, all at once, and follows the audio clock:
// `follow(step)` with each frame, `ended()` at the step `end`. `clicks` are those of a metronome,
// [step, is strong]. Returns a function that stops the notes without calling `ended`.
function playNotes(
  notes,
  {first = 0, end, qpm, stepsPerQuarter, timbre, clicks = []},
  follow,
  ended,
) {
  const perStep = 60 / qpm / stepsPerQuarter;
  const context = new AudioContext();
  const begun = context.currentTime + 0.1;
  for (const [onset, off, pitch] of notes) {
    if (onset >= first)
      sound(
        context,
        pitch,
        begun + (onset - first) * perStep,
        begun + (off - first) * perStep,
        SOUNDS[timbre],
      );
  }
  for (const [step, isStrong] of clicks)
    if (step >= first) click(context, begun + (step - first) * perStep, isStrong);
  let frame = 0,
    stopped = false;
  const stop = () => {
    if (stopped) return;
    stopped = true;
    cancelAnimationFrame(frame);
    context.close();
  };
  const next = () => {
    if (stopped) return;
    const step = first + Math.max(0, context.currentTime - begun) / perStep;
    if (step >= end) {
      stop();
      ended();
      return;
    }
    follow(step);
    frame = requestAnimationFrame(next);
  };
  frame = requestAnimationFrame(next);
  return stop;
}
