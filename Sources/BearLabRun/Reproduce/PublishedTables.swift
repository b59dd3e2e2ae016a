/// The numbers that the paper prints, to set ours beside them.
///
/// A line is `block,method,data set,NDCG@5,NDCG@10,HR@5,HR@10`, with nothing where the paper has
/// nothing; `Imp.%` is how much BEAR is better than the best other row of the block, in percent.
///
/// - Source: "BEAR: Towards Beam-Search-Aware Optimization for Recommendation with Large Language
///   Models", SIGIR 2026, tables 2 to 5, copied digit by digit.
enum PublishedTables {
  /// BIGRec, Llama-3.2-3B.
  static let table2 = """
    BIGRec,SASRec,Office,0.0127,0.0196,0.0223,0.0447
    BIGRec,SASRec,Book,0.0061,0.0080,0.0100,0.0157
    BIGRec,SASRec,Toy,0.0089,0.0109,0.0148,0.0211
    BIGRec,SASRec,Clothing,0.0022,0.0033,0.0036,0.0072
    BIGRec,BERT4Rec,Office,0.0164,0.0206,0.0264,0.0396
    BIGRec,BERT4Rec,Book,0.0100,0.0121,0.0158,0.0223
    BIGRec,BERT4Rec,Toy,0.0101,0.0118,0.0137,0.0188
    BIGRec,BERT4Rec,Clothing,0.0028,0.0034,0.0033,0.0053
    BIGRec,DROS,Office,0.0195,0.0240,0.0265,0.0405
    BIGRec,DROS,Book,0.0072,0.0096,0.0116,0.0192
    BIGRec,DROS,Toy,0.0105,0.0126,0.0148,0.0213
    BIGRec,DROS,Clothing,0.0038,0.0046,0.0048,0.0074
    BIGRec,LLM-CF,Office,0.0161,0.0200,0.0306,0.0426
    BIGRec,LLM-CF,Book,0.0077,0.0100,0.0141,0.0212
    BIGRec,LLM-CF,Toy,0.0077,0.0101,0.0148,0.0223
    BIGRec,LLM-CF,Clothing,0.0022,0.0034,0.0042,0.0078
    BIGRec,DLLM2Rec,Office,0.0166,0.0231,0.0322,0.0530
    BIGRec,DLLM2Rec,Book,0.0068,0.0094,0.0112,0.0194
    BIGRec,DLLM2Rec,Toy,0.0080,0.0110,0.0156,0.0248
    BIGRec,DLLM2Rec,Clothing,0.0028,0.0045,0.0056,0.0106
    BIGRec,BIGRec,Office,0.0105,0.0226,0.0213,0.0587
    BIGRec,BIGRec,Book,0.0068,0.0101,0.0128,0.0228
    BIGRec,BIGRec,Toy,0.0122,0.0157,0.0200,0.0307
    BIGRec,BIGRec,Clothing,0.0043,0.0071,0.0086,0.0172
    BIGRec,D3,Office,0.0142,0.0237,0.0291,0.0592
    BIGRec,D3,Book,0.0057,0.0093,0.0112,0.0221
    BIGRec,D3,Toy,0.0163,0.0202,0.0257,0.0375
    BIGRec,D3,Clothing,0.0045,0.0072,0.0088,0.0172
    BIGRec,CFT,Office,0.0183,0.0272,0.0306,0.0582
    BIGRec,CFT,Book,0.0051,0.0090,0.0107,0.0224
    BIGRec,CFT,Toy,0.0138,0.0173,0.0217,0.0325
    BIGRec,CFT,Clothing,0.0045,0.0076,0.0086,0.0182
    BIGRec,D2LR,Office,0.0243,0.0311,0.0395,0.0603
    BIGRec,D2LR,Book,0.0070,0.0089,0.0128,0.0183
    BIGRec,D2LR,Toy,0.0142,0.0177,0.0227,0.0338
    BIGRec,D2LR,Clothing,0.0051,0.0081,0.0098,0.0194
    BIGRec,IGD,Office,0.0187,0.0266,0.0312,0.0566
    BIGRec,IGD,Book,0.0061,0.0095,0.0125,0.0228
    BIGRec,IGD,Toy,0.0191,0.0239,0.0273,0.0421
    BIGRec,IGD,Clothing,0.0059,0.0084,0.0098,0.0178
    BIGRec,MSL,Office,0.0346,0.0388,0.0504,0.0634
    BIGRec,MSL,Book,0.0087,0.0117,0.0137,0.0228
    BIGRec,MSL,Toy,0.0239,0.0301,0.0359,0.0551
    BIGRec,MSL,Clothing,0.0075,0.0115,0.0136,0.0260
    BIGRec,S-DPO,Office,0.0209,0.0292,0.0374,0.0629
    BIGRec,S-DPO,Book,0.0082,0.0102,0.0125,0.0189
    BIGRec,S-DPO,Toy,0.0181,0.0227,0.0288,0.0432
    BIGRec,S-DPO,Clothing,0.0054,0.0093,0.0110,0.0232
    BIGRec,RosePO,Office,0.0266,0.0338,0.0436,0.0660
    BIGRec,RosePO,Book,0.0117,0.0127,0.0153,0.0185
    BIGRec,RosePO,Toy,0.0114,0.0174,0.0194,0.0378
    BIGRec,RosePO,Clothing,0.0066,0.0110,0.0138,0.0272
    BIGRec,SPRec,Office,0.0249,0.0326,0.0416,0.0655
    BIGRec,SPRec,Book,0.0072,0.0110,0.0130,0.0244
    BIGRec,SPRec,Toy,0.0148,0.0175,0.0234,0.0317
    BIGRec,SPRec,Clothing,0.0047,0.0069,0.0082,0.0152
    BIGRec,BEAR,Office,0.0365,0.0421,0.0545,0.0717
    BIGRec,BEAR,Book,0.0146,0.0177,0.0203,0.0297
    BIGRec,BEAR,Toy,0.0254,0.0316,0.0380,0.0574
    BIGRec,BEAR,Clothing,0.0082,0.0127,0.0148,0.0290
    BIGRec,Imp.%,Office,5.49,8.51,8.13,8.64
    BIGRec,Imp.%,Book,24.79,39.37,28.48,21.72
    BIGRec,Imp.%,Toy,6.28,4.98,5.85,4.17
    BIGRec,Imp.%,Clothing,9.33,10.43,7.25,6.62
    """

  /// Llama-3.2-3B; a block a backbone.
  static let table3 = """
    LLaRA,LLaRA,Office,0.0110,0.0234,0.0234,0.0618
    LLaRA,LLaRA,Book,0.0068,0.0113,0.0135,0.0267
    LLaRA,LLaRA,Toy,0.0129,0.0163,0.0204,0.0309
    LLaRA,LLaRA,Clothing,0.0036,0.0071,0.0074,0.0184
    LLaRA,MSL,Office,0.0380,0.0423,0.0561,0.0696
    LLaRA,MSL,Book,0.0078,0.0105,0.0132,0.0217
    LLaRA,MSL,Toy,0.0230,0.0290,0.0346,0.0534
    LLaRA,MSL,Clothing,0.0082,0.0116,0.0146,0.0254
    LLaRA,BEAR,Office,0.0407,0.0457,0.0592,0.0748
    LLaRA,BEAR,Book,0.0123,0.0157,0.0212,0.0315
    LLaRA,BEAR,Toy,0.0259,0.0315,0.0386,0.0559
    LLaRA,BEAR,Clothing,0.0089,0.0129,0.0156,0.0284
    LLaRA,Imp.%,Office,7.11,8.04,5.53,7.47
    LLaRA,Imp.%,Book,57.69,38.94,57.04,17.98
    LLaRA,Imp.%,Toy,12.61,8.62,11.56,4.68
    LLaRA,Imp.%,Clothing,8.54,11.21,6.85,11.81
    A-LLMRec,A-LLMRec,Office,0.0125,0.0247,0.0265,0.0639
    A-LLMRec,A-LLMRec,Book,0.0077,0.0111,0.0153,0.0256
    A-LLMRec,A-LLMRec,Toy,0.0126,0.0160,0.0198,0.0305
    A-LLMRec,A-LLMRec,Clothing,0.0036,0.0068,0.0072,0.0172
    A-LLMRec,MSL,Office,0.0332,0.0373,0.0525,0.0655
    A-LLMRec,MSL,Book,0.0094,0.0118,0.0151,0.0224
    A-LLMRec,MSL,Toy,0.0247,0.0302,0.0361,0.0532
    A-LLMRec,MSL,Clothing,0.0081,0.0124,0.0140,0.0276
    A-LLMRec,BEAR,Office,0.0392,0.0444,0.0561,0.0722
    A-LLMRec,BEAR,Book,0.0106,0.0149,0.0189,0.0317
    A-LLMRec,BEAR,Toy,0.0255,0.0312,0.0373,0.0549
    A-LLMRec,BEAR,Clothing,0.0087,0.0128,0.0164,0.0288
    A-LLMRec,Imp.%,Office,18.07,19.03,6.86,10.23
    A-LLMRec,Imp.%,Book,12.77,26.27,23.53,23.83
    A-LLMRec,Imp.%,Toy,3.24,3.31,3.32,3.20
    A-LLMRec,Imp.%,Clothing,7.41,3.23,17.14,4.35
    """

  /// BIGRec; a block a size: Llama-3.2-1B and Llama-3-8B.
  ///
  /// Of the printed improvements, +0.67 (8B, Toy, NDCG@10) is a misprint: the rows give +6.71.
  static let table4 = """
    1B,BIGRec (1B),Office,0.0095,0.0177,0.0203,0.0447
    1B,BIGRec (1B),Book,0.0058,0.0066,0.0114,0.0137
    1B,BIGRec (1B),Toy,0.0088,0.0133,0.0159,0.0296
    1B,BIGRec (1B),Clothing,0.0032,0.0066,0.0068,0.0176
    1B,MSL,Office,0.0201,0.0232,0.0322,0.0421
    1B,MSL,Book,0.0070,0.0089,0.0116,0.0176
    1B,MSL,Toy,0.0165,0.0230,0.0267,0.0465
    1B,MSL,Clothing,0.0071,0.0105,0.0136,0.0244
    1B,BEAR,Office,0.0203,0.0270,0.0343,0.0556
    1B,BEAR,Book,0.0076,0.0096,0.0132,0.0194
    1B,BEAR,Toy,0.0176,0.0240,0.0284,0.0484
    1B,BEAR,Clothing,0.0075,0.0116,0.0144,0.0270
    1B,Imp.%,Office,1.00,16.38,6.52,24.38
    1B,Imp.%,Book,8.57,7.87,13.79,10.23
    1B,Imp.%,Toy,6.67,4.35,6.37,4.09
    1B,Imp.%,Clothing,5.63,10.48,5.88,10.66
    8B,BIGRec (8B),Office,0.0114,0.0213,0.0213,0.0514
    8B,BIGRec (8B),Book,0.0109,0.0137,0.0169,0.0258
    8B,BIGRec (8B),Toy,0.0142,0.0189,0.0213,0.0357
    8B,BIGRec (8B),Clothing,0.0057,0.0081,0.0104,0.0180
    8B,MSL,Office,0.0392,0.0417,0.0556,0.0634
    8B,MSL,Book,0.0103,0.0135,0.0160,0.0260
    8B,MSL,Toy,0.0245,0.0298,0.0373,0.0538
    8B,MSL,Clothing,0.0085,0.0128,0.0156,0.0292
    8B,BEAR,Office,0.0407,0.0438,0.0608,0.0706
    8B,BEAR,Book,0.0140,0.0172,0.0256,0.0356
    8B,BEAR,Toy,0.0262,0.0318,0.0401,0.0572
    8B,BEAR,Clothing,0.0090,0.0135,0.0162,0.0302
    8B,Imp.%,Office,3.83,5.04,9.35,11.36
    8B,Imp.%,Book,28.44,25.55,51.48,36.92
    8B,Imp.%,Toy,6.94,0.67,7.51,6.32
    8B,Imp.%,Clothing,5.88,5.47,3.85,3.42
    """

  /// BIGRec, samples of 2 000 users.
  static let table5 = """
    BIGRec,SFT,Toy-S,,0.0076,,0.0200
    BIGRec,SFT,Book-S,,0.0046,,0.0120
    BIGRec,BEAR,Toy-S,,0.0094,,0.0260
    BIGRec,BEAR,Book-S,,0.0072,,0.0180
    BIGRec,Obj. (3.1),Toy-S,,0.0103,,0.0280
    BIGRec,Obj. (3.1),Book-S,,0.0077,,0.0200
    """
}
